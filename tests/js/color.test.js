import { seriesColor, seriesIndex } from "/static/color.js";
import { equal, test } from "./harness.js";

test("an experiment's colour is one of the palette, always the same, and not the same for all", () => {
  const indexes = Array.from({ length: 200 }, (_, number) => seriesIndex(`experiment-${number}`));
  equal(indexes.every((index) => Number.isInteger(index) && index >= 0 && index < 8), true);
  equal(new Set(indexes).size, 8);
  equal(seriesColor("abc"), seriesColor("abc"));
});
