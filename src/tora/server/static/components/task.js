// Something that a button does, and what was wrong with it.
import { ApiError } from "../api.js";
import { useState } from "../lib.js";

/** Return `{run, problem}`: `run(work)` answers whether it succeeded; an ApiError is the problem until the next one. */
export function useTask() {
  const [problem, setProblem] = useState(null);
  const run = async (work) => {
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error);
      return false;
    }
  };
  return { run, problem };
}
