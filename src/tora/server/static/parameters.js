// Hyperparameters as a reader looks through them and takes them away. Pure.
import { parameter } from "./format.js";

/** Return those whose key or value holds the text, letters of any case. */
export function parametersWith(hyperparams, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return hyperparams;
  return hyperparams.filter(({ key, value }) => `${key}\n${parameter(value)}`.toLowerCase().includes(wanted));
}

/** Return them as one JSON object. */
export function toJson(hyperparams) {
  // Not Object.assign: a key named __proto__ would be lost.
  return JSON.stringify(Object.fromEntries(hyperparams.map(({ key, value }) => [key, value])), null, 2);
}
