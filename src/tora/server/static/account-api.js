// The calls about people: who is signed in, keys, workspaces, members, links, users, the audit log.
import { get, send } from "./api.js";

const part = encodeURIComponent;
const itemsOf = async (path) => (await get(path)).items;

/** `{user, scope, shared, anonymous, mode, isLocalUser}`: who asks, and how this server takes people in. */
export function getSession() {
  return get("/session");
}

/** Sign in by `{name, password}` or by `{token}` of a link; answers the session, or `{shared}` for a shared experiment. */
export function signIn(shown) {
  return send("POST", "/session", { body: shown, entering: true });
}

export function signOut() {
  return send("DELETE", "/session");
}

/** Set a password: `{password, current}`, or `{password, token}` of a one-time link. */
export function setPassword(body) {
  return send("POST", "/password", { body, entering: true });
}

/** Tell what an invitation is for; with `join`, accept it. */
export function answerInvitation(body) {
  return send("POST", "/invitations", { body, entering: true });
}

/** The caller's workspaces, each with the caller's `role`. */
export function listWorkspaces() {
  return get("/workspaces");
}

export function getWorkspace(id) {
  return get(`/workspaces/${part(id)}`);
}

export function createWorkspace(body) {
  return send("POST", "/workspaces", { body });
}

export function changeWorkspace(id, changes) {
  return send("PATCH", `/workspaces/${part(id)}`, { body: changes });
}

export function deleteWorkspace(id) {
  return send("DELETE", `/workspaces/${part(id)}`);
}

export function listMembers(workspace) {
  return itemsOf(`/workspaces/${part(workspace)}/members`);
}

export function setRole(workspace, user, role) {
  return send("PUT", `/workspaces/${part(workspace)}/members/${part(user)}`, { body: { role } });
}

export function removeMember(workspace, user) {
  return send("DELETE", `/workspaces/${part(workspace)}/members/${part(user)}`);
}

export function listInvitations(workspace) {
  return itemsOf(`/workspaces/${part(workspace)}/invitations`);
}

export function invite(workspace, body) {
  return send("POST", `/workspaces/${part(workspace)}/invitations`, { body });
}

export function withdrawInvitation(workspace, id) {
  return send("DELETE", `/workspaces/${part(workspace)}/invitations/${part(id)}`);
}

export function listShares(experiment) {
  return itemsOf(`/experiments/${part(experiment)}/shares`);
}

export function share(experiment) {
  return send("POST", `/experiments/${part(experiment)}/shares`);
}

export function revokeShare(experiment, id) {
  return send("DELETE", `/experiments/${part(experiment)}/shares/${part(id)}`);
}

export function listKeys() {
  return itemsOf("/api-keys");
}

/** Make a key of `{name, scope, expires, workspaceId}`; the answer's `key` is shown this once. */
export function createKey(body) {
  return send("POST", "/api-keys", { body });
}

export function revokeKey(id) {
  return send("DELETE", `/api-keys/${part(id)}`);
}

export function listUsers() {
  return itemsOf("/users");
}

/** Make a user of `{name, isAdmin}`; the answer's `link` lets them set a password, once. */
export function createUser(body) {
  return send("POST", "/users", { body });
}

export function changeUser(id, changes) {
  return send("PATCH", `/users/${part(id)}`, { body: changes });
}

export function deleteUser(id) {
  return send("DELETE", `/users/${part(id)}`);
}

export function newUserLink(id) {
  return send("POST", `/users/${part(id)}/link`);
}

/** A page of the audit log, `{items, next}`, the newest first; `before` is the `next` of the page before. */
export function getAudit(before) {
  return get("/audit", { params: [["before", before]] });
}
