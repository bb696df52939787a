import { match } from "/static/routes.js";
import { equal, test } from "./harness.js";

test("each address has its page, with the id as it was meant", () => {
  equal(["/", "/e/abc", "/e/a%20b/", "/w/x", "/compare", "/settings"].map(match), [
    { view: "experiments", id: null },
    { view: "experiment", id: "abc" },
    { view: "experiment", id: "a b" },
    { view: "workspace", id: "x" },
    { view: "compare", id: null },
    { view: "settings", id: null },
  ]);
});

test("the pages about people have theirs", () => {
  equal(["/mine", "/w/x/settings", "/login", "/welcome", "/join", "/shared"].map(match), [
    { view: "mine", id: null },
    { view: "workspace-settings", id: "x" },
    { view: "login", id: null },
    { view: "welcome", id: null },
    { view: "join", id: null },
    { view: "shared", id: null },
  ]);
});

test("other addresses have none, and a broken escape is an id that nobody has", () => {
  equal(["/e/", "/e/a/b", "/experiments", "/e/%"].map(match), [
    { view: null, id: null },
    { view: null, id: null },
    { view: null, id: null },
    { view: "experiment", id: "%" },
  ]);
});
