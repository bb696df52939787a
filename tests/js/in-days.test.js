import { inDays } from "/static/in-days.js";
import { equal, test } from "./harness.js";

test("days from now, in UTC", () => {
  equal(inDays(30, Date.parse("2026-02-10T12:00:00Z")), "2026-03-12T12:00:00.000Z");
});
