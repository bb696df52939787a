import { mayEdit, mayManage, ROLE_TEXTS, ROLES } from "/static/roles.js";
import { equal, test } from "./harness.js";

test("editors and owners change experiments, owners alone the workspace", () => {
  equal([undefined, null, "viewer", "editor", "owner", "king"].map(mayEdit), [false, false, false, true, true, false]);
  equal([undefined, null, "viewer", "editor", "owner", "king"].map(mayManage), [false, false, false, false, true, false]);
});

test("each role is explained", () => {
  equal(ROLE_TEXTS.map(([role]) => role), ROLES);
});
