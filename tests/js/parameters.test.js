import { parametersWith, toJson } from "/static/parameters.js";
import { equal, test } from "./harness.js";

const some = [{ key: "lr", value: 0.1 }, { key: "__proto__", value: { a: [1] } }, { key: "Optimizer", value: "AdamW" }];

test("keys and values are searched, letters of any case", () => {
  equal(["opt", "ADAM", "0.1", " "].map((text) => parametersWith(some, text).length), [1, 1, 1, 3]);
});

test("they are one JSON object, whatever the keys are", () => {
  equal(toJson(some), '{\n  "lr": 0.1,\n  "__proto__": {\n    "a": [\n      1\n    ]\n  },\n  "Optimizer": "AdamW"\n}');
});
