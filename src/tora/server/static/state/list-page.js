// All that the page of a list works with: its rows, the choice of columns, what is ticked, the small lines.
import { signal } from "../lib.js";
import { createBulk } from "./bulk.js";
import { createColumns } from "./columns.js";
import { createList } from "./experiments.js";
import { createSelection } from "./selection.js";
import { createSparklines } from "./sparklines.js";

/** Make the page's state; `workspace` narrows it to one workspace, `mine` to what the reader made outside of all. */
export function createListPage({ workspace = null, mine = null } = {}) {
  const list = createList({ workspace, mine });
  const selection = createSelection(list);
  return {
    /** What this browser remembers its view by. */
    name: mine ? "mine" : workspace,
    list,
    selection,
    columns: createColumns({ workspace, mine }),
    sparklines: createSparklines(),
    bulk: createBulk(list, selection, { workspace, mine }),
    /** The id of the row that the keys act on. */
    cursor: signal(null),
  };
}
