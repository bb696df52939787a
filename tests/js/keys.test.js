import { bindingsOf, helpOf, named } from "/static/keys.js";
import { equal, test } from "./harness.js";

const page = [{ keys: ["j", "ArrowDown"], label: "down" }, { keys: "?", label: "mine" }];
const everywhere = [{ keys: "?", label: "all keys" }, { keys: "/", label: "search" }, { keys: "u", label: "" }];

test("a key's bindings are found, those registered last first", () => {
  equal(bindingsOf([everywhere, page], "?").map(({ label }) => label), ["mine", "all keys"]);
  equal(bindingsOf([everywhere, page], "ArrowDown").map(({ label }) => label), ["down"]);
  equal(bindingsOf([everywhere, page], "q"), []);
});

test("the list of keys names each key once, and leaves out what has no label", () => {
  equal(helpOf([everywhere, page]), [
    { keys: ["j", "↓"], label: "down" },
    { keys: ["?"], label: "mine" },
    { keys: ["/"], label: "search" },
  ]);
});

test("keys are named as keyboards write them", () => {
  equal(["X", "x", " ", "Escape", "Enter"].map(named), ["Shift x", "x", "Space", "Esc", "Enter"]);
});
