// What a role lets its holder do. Pure.

export const ROLES = ["viewer", "editor", "owner"];

/** `[role, what it may do]` of each, for people. */
export const ROLE_TEXTS = [
  ["viewer", "Viewer: reads"],
  ["editor", "Editor: also makes and changes experiments"],
  ["owner", "Owner: also manages the workspace"],
];

/** Whether a role is to change experiments, tag them or delete them. */
export function mayEdit(role) {
  return ROLES.indexOf(role) >= ROLES.indexOf("editor");
}

/** Whether a role is to change the workspace itself, its members and its invitations. */
export function mayManage(role) {
  return role === "owner";
}
