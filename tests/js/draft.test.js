import { standing } from "/static/draft.js";
import { equal, test } from "./harness.js";

test("a draft is saved over what it began with alone", () => {
  const of = (draft, base, current) => standing({ draft, base, current });
  equal([of("b", "a", "a"), of("b", "a", "c"), of("a", "a", "a")], ["free", "changed", "same"]);
});

test("a draft that says what somebody else has saved needs no saving", () => {
  equal(standing({ draft: "b", base: "a", current: "b" }), "same");
});
