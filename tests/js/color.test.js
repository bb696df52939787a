import { distinctColors, seriesColor, seriesIndex } from "/static/color.js";
import { equal, test } from "./harness.js";

test("an experiment's colour is one of the palette, always the same, and not the same for all", () => {
  const indexes = Array.from({ length: 200 }, (_, number) => seriesIndex(`experiment-${number}`));
  equal(indexes.every((index) => Number.isInteger(index) && index >= 0 && index < 8), true);
  equal(new Set(indexes).size, 8);
  equal(seriesColor("abc"), seriesColor("abc"));
});

test("compared experiments have colours of their own as far as there are any, whoever is free the usual one", () => {
  const ids = Array.from({ length: 20 }, (_, number) => `experiment-${number}`);
  const colors = distinctColors(ids);
  equal(new Set(colors.values()).size, 20);
  equal(colors.get(ids[0]), seriesColor(ids[0]));
  const many = distinctColors([...ids, "one-more"]);
  equal(many.get("one-more"), seriesColor("one-more"));
});
