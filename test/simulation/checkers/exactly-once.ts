/**
 * Every event durable at the edge stands in the ledger exactly once, unless a gap event declares its loss; what the
 * edge was never promised may be there, but not twice. Gap events declare as many losses as there are, or more, and
 * none where nothing can have been lost.
 */
import type { FaultKind } from '../faults/fault-kinds.ts';
import type { EdgeEvent, History } from '../history.ts';
import type { LedgerRow } from './ledger-rows.ts';

/** What makes a gateway give up events. */
const REASONS_TO_LOSE: readonly FaultKind[] = [
  'journal-damage',
  'disk-full',
  'small-journal',
  'oversize-event',
];

export function checkExactlyOnce(
  history: History,
  rows: readonly LedgerRow[],
  faults: Partial<Record<FaultKind, number>>,
): void {
  const standing = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    if (row.edge === undefined) continue;
    const same = standing.get(row.edge.subject) ?? [];
    same.push(row);
    standing.set(row.edge.subject, same);
  }
  for (const [subject, same] of standing) {
    if (same.length > 1) history.violate('doubled', `${subject} stands as ${same.map(nameOf).join(' and ')}`);
  }
  checkLosses(
    history,
    rows,
    new Set(standing.keys()),
    REASONS_TO_LOSE.some((kind) => (faults[kind] ?? 0) > 0),
  );
  checkSighted(history, new Set(standing.keys()));
}

function checkLosses(
  history: History,
  rows: readonly LedgerRow[],
  standing: ReadonlySet<string>,
  mayLose: boolean,
): void {
  const missing = Map.groupBy(
    [...history.edge.values()].filter((event) => event.durable && !standing.has(event.subject)),
    (event) => `${event.gateway}/${event.lane}`,
  );
  const declared = declaredLosses(rows);
  for (const [lane, events] of missing) {
    const count = declared.get(lane) ?? 0;
    if (events.length <= count) continue;
    // The gap event may itself have been among the lost, which its own lane's gap then declares.
    const health = `${events[0]?.gateway}/health`;
    if (lane !== health && (declared.get(health) ?? 0) > (missing.get(health)?.length ?? 0)) continue;
    const detail = `${lane}: ${events.map(describe).join(', ')}; declared: ${count}`;
    history.violate(count === 0 ? 'lost' : 'undeclared', detail);
  }
  if (mayLose) return;
  for (const [lane, count] of declared) {
    if (count > 0)
      history.violate('undeclared', `${lane} declares ${count} lost, where nothing can have been lost`);
  }
}

/** Per gateway and lane; infinite where a gap does not know how many. */
function declaredLosses(rows: readonly LedgerRow[]): Map<string, number> {
  const declared = new Map<string, number>();
  for (const { gateway, body } of rows) {
    if (body.type !== 'gap' || body.scope !== 'lane') continue;
    const lane = `${gateway}/${String(body.lane)}`;
    const lost = typeof body.lost === 'number' ? body.lost : Number.POSITIVE_INFINITY;
    // A gap that knows neither lane nor number stands for all of them.
    const lanes =
      body.lane === undefined ? ['stock', 'condition', 'health'].map((name) => `${gateway}/${name}`) : [lane];
    for (const name of lanes) declared.set(name, (declared.get(name) ?? 0) + lost);
  }
  return declared;
}

/** What was durably seen was reported in the end, whatever happened in between. */
function checkSighted(history: History, standing: ReadonlySet<string>): void {
  const reported = new Set(
    [...history.edge.values()].filter((event) => event.durable).map(({ subject }) => subject.split('#')[0]),
  );
  for (const [subject, { gateway, durable }] of history.sighted) {
    if (!durable || reported.has(subject) || standing.has(`${subject}#1`)) continue;
    if (history.damaged.get(gateway)?.has(subject) === true) continue;
    history.violate('lost', `${subject} was checkpointed at first sight, and no event ever reported it`);
  }
}

const nameOf = ({ gateway, epoch, lane, seq }: LedgerRow) => `${gateway}/${epoch}/${lane}/${seq}`;
const describe = ({ marker, event }: EdgeEvent) => `${marker} (${event.type})`;
