import { detailsOf } from "/static/audit-text.js";
import { equal, test } from "./harness.js";

test("details are pairs, whatever they hold", () => {
  equal(detailsOf({ name: "ci", scope: "read", workspace: null, isAdmin: false, fields: ["name", "tags"], more: { a: 1 } }),
    'name: ci, scope: read, workspace: none, isAdmin: false, fields: name tags, more: {"a":1}');
  equal(detailsOf({}), "");
});
