import { readFragment } from "/static/fragment.js";
import { equal, test } from "./harness.js";

test("a fragment carries a token, and where to go", () => {
  equal(["#token=ts_a-b.c&to=/e/x", "#token=a%2Bb", "token=a"].map(readFragment), [
    { token: "ts_a-b.c", to: "/e/x" },
    { token: "a+b", to: "" },
    { token: "a", to: "" },
  ]);
});

test("other fragments carry none", () => {
  equal(["", "#", "#main", "#token="].map(readFragment), Array(4).fill({ token: "", to: "" }));
});
