import { safePath, signInAddress } from "/static/safe-path.js";
import { equal, test } from "./harness.js";

test("a place of this server is where it leads", () => {
  equal(["/", "/e/abc", "/?q=a%20b&sort=name", "/w/x#top"].map(safePath), ["/", "/e/abc", "/?q=a%20b&sort=name", "/w/x#top"]);
});

test("nothing leads to another server, or in a circle", () => {
  const elsewhere = [
    null,
    "",
    "e/abc",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/e/..//evil.example/x",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/e\\..\\..\\evil",
    "/%2e//evil.example",
    "/login?next=/login",
    "@evil.example",
    "http://[",
  ];
  equal(elsewhere.map(safePath), elsewhere.map(() => "/"));
});

test("signing in leads back, but for the first page, which it leads to anyway", () => {
  equal(["/e/abc?show=results", "/", "//evil.example"].map(signInAddress), [
    "/login?next=%2Fe%2Fabc%3Fshow%3Dresults",
    "/login",
    "/login",
  ]);
});
