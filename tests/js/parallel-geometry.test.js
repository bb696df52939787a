import { geometry, nearestLine } from "/static/parallel-geometry.js";
import { equal, test } from "./harness.js";

const PLACES = geometry(428, 340, 4);

test("axes stand at equal distances, places rise from the bottom, what is missing lies below", () => {
  equal([0, 1, 3].map(PLACES.left), [64, 164, 364]);
  equal([PLACES.top(0) > PLACES.top(1), PLACES.top(null) > PLACES.top(0)], [true, true]);
  equal([0, 0.25, 1].map((place) => PLACES.placeAt(PLACES.top(place))), [0, 0.25, 1]);
  equal([PLACES.placeAt(-50), PLACES.placeAt(1000)], [1, 0]);
});

test("a single axis stands in the middle", () => {
  equal(geometry(200, 340, 1).left(0), 100);
});

test("the nearest line is found between two axes, and none where none is near", () => {
  const lines = [[0, 0, 0, 0], [1, 0.5, 1, 1]];
  equal(nearestLine(lines, PLACES, 114, PLACES.top(0.75)), 1);
  equal(nearestLine(lines, PLACES, 114, PLACES.top(0) - 2), 0);
  equal(nearestLine(lines, PLACES, 114, PLACES.top(0.4)), null);
  equal(nearestLine(lines, PLACES, 114, PLACES.top(0.75), (index) => index !== 1), null);
  equal([nearestLine([], PLACES, 1, 1), nearestLine([[0]], geometry(200, 340, 1), 1, 1)], [null, null]);
});
