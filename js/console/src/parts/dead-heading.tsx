/** What stands above dead letters: how many there are, and what is done with all that match. */

import { count } from "../format.js";
import { Bulk, type BulkProps, type Operation } from "./bulk.js";
import { Only } from "./only.js";

export interface DeadHeadingProps {
  readonly total: number;
  readonly operations: readonly Operation[];
  /** Who may act on them. */
  readonly scope: string;
  readonly begin: BulkProps["begin"];
  readonly onEnd: () => void;
}

export function DeadHeading({ total, operations, scope, begin, onEnd }: DeadHeadingProps) {
  return (
    <div class="bar">
      <h2>Dead letters ({count(total)})</h2>
      <span class="spring" />
      {total > 0 ? (
        <Only role="backend" scope={scope}>
          <Bulk
            what="dead letters"
            operations={operations}
            filters=""
            begin={begin}
            onEnd={onEnd}
          />
        </Only>
      ) : null}
    </div>
  );
}
