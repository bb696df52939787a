// What a part of a page asks the server for when it opens.
import { ApiError } from "../api.js";
import { useEffect, useRef, useState } from "../lib.js";

/** Return `{data, error, reload}` of what `ask` answers, asked anew for another `key`; data is null until it is there. */
export function useLoaded(ask, key = null) {
  const [data, setData] = useState(null);
  const [error, setError] = useState(null);
  const latest = useRef(0);
  const reload = async () => {
    const turn = (latest.current += 1);
    try {
      const found = await ask();
      if (turn !== latest.current) return;
      setData(found);
      setError(null);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      if (turn === latest.current) setError(failure);
    }
  };
  useEffect(() => {
    reload();
    return () => {
      latest.current += 1;
    };
  }, [key]);
  return { data, error, reload };
}
