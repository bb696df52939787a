import { isIncomplete, withPoints } from "/static/summaries.js";
import { equal, test } from "./harness.js";

const loss = { name: "loss", count: 2, last: 1, min: 1, max: 3, firstStep: 0, lastStep: 1, nonFinite: 0, writers: 1 };

test("live points are counted in, over several writers", () => {
  const additions = [{ name: "loss", writer: "a", x: [2], y: [0.5] }, { name: "loss", writer: "b", x: [5, 1], y: [9, "NaN"] }];
  equal(withPoints([loss], additions), [{ ...loss, count: 5, last: "NaN", min: 0.5, max: 9, lastStep: 5, nonFinite: 1 }]);
});

test("a metric without steps, or without a finite value, stays so", () => {
  const empty = { ...loss, min: null, max: null, firstStep: null, lastStep: null };
  equal(withPoints([empty], [{ name: "loss", x: [7], y: ["Infinity"] }])[0], { ...empty, count: 3, last: "Infinity", nonFinite: 1 });
});

test("a word to reload changes nothing here", () => {
  equal(withPoints([loss], [{ name: "loss", reload: true }]), [loss]);
});

test("a metric that has no summary, and a word to reload, are noticed", () => {
  const additions = [{ name: "acc" }, { name: "loss", reload: true }, { name: "loss" }];
  equal(additions.map((addition) => isIncomplete([loss], [addition])), [true, true, false]);
});
