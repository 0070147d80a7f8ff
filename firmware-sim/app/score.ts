/**
 * Holds the ledger against the truth: every pass, weighing, object, excursion, hold and shipment. Pure.
 * lost = happened and is not in the ledger; duplicated = is there more than once; wrong = is there otherwise than
 * it happened, or never happened at all.
 */
import { exposedEpcs, type TruePass, type Truth } from '../world/truth.ts';
import type { LedgerView, LedgerViewEvent } from './ledger-view.ts';

export interface Finding {
  readonly verdict: 'lost' | 'duplicated' | 'wrong' | 'missed exception' | 'false exception';
  readonly what: string;
}

export interface Counts {
  readonly receipts: number;
  readonly dispatches: number;
  readonly passages: number;
  readonly weighings: number;
  readonly objects: number;
  readonly excursions: number;
  readonly holds: number;
  readonly shipments: number;
}

export interface Score {
  readonly truth: Counts;
  readonly ledger: Counts;
  readonly findings: readonly Finding[];
}

/** The gateway may see a pass this much before or after the load was truly in the field. */
const PASS_SLACK_MS = 8000;

const AT_THE_DOCK: Readonly<Record<TruePass['direction'], 'receipt' | 'dispatch' | 'passage'>> = {
  IN: 'receipt',
  OUT: 'dispatch',
  TURNED_BACK: 'passage',
};

export function score(
  truth: Truth,
  ledger: LedgerView,
  options: { dockDoors: ReadonlySet<string>; ignoreKinds?: ReadonlySet<string> },
): Score {
  const passes = mergeParts(ledger.events);
  const weighings = ledger.events.filter((event) => event.type === 'weighing');
  const exceptions = ledger.exceptions.filter(
    (one) => one.status !== 'withdrawn' && !options.ignoreKinds?.has(one.kind),
  );
  const activeHolds = ledger.holds.filter((hold) => hold.status !== 'withdrawn');
  const typeOf = (pass: TruePass) => {
    return options.dockDoors.has(pass.readPoint) ? AT_THE_DOCK[pass.direction] : 'passage';
  };
  const excursionKinds = exceptions.filter((one) => one.kind === 'TEMP_HIGH' || one.kind === 'TEMP_LOW');
  const holdsOf = truth.excursions
    .filter((one) => one.hold)
    .map((one) => ({ one, epcs: exposedEpcs(truth, one) }));
  const locations = finalLocations(truth);

  return {
    truth: {
      receipts: truth.passes.filter((pass) => typeOf(pass) === 'receipt').length,
      dispatches: truth.passes.filter((pass) => typeOf(pass) === 'dispatch').length,
      passages: truth.passes.filter((pass) => typeOf(pass) === 'passage').length,
      weighings: truth.weighings.length,
      objects: locations.size,
      excursions: truth.excursions.length,
      holds: holdsOf.reduce((sum, { epcs }) => sum + epcs.size, 0),
      shipments: truth.shipments.length,
    },
    ledger: {
      receipts: passes.filter((pass) => pass.type === 'receipt').length,
      dispatches: passes.filter((pass) => pass.type === 'dispatch').length,
      passages: passes.filter((pass) => pass.type === 'passage').length,
      weighings: weighings.length,
      objects: ledger.objects.length,
      excursions: excursionKinds.length,
      holds: activeHolds.length,
      shipments: ledger.shipments.length,
    },
    findings: [
      ...scorePasses(truth.passes, passes, typeOf),
      ...scoreWeighings(truth, weighings),
      ...scoreObjects(locations, ledger),
      ...scoreBins(truth, ledger),
      ...scoreExceptions(truth, exceptions),
      ...scoreHolds(holdsOf, ledger, exceptions),
      ...scoreShipments(truth, ledger),
    ],
  };
}

interface LedgerPass {
  readonly passId: string;
  readonly type: string;
  readonly readPoint: string | null;
  readonly direction: string;
  readonly at: number;
  readonly epcs: string[];
}

/** A large pass comes in parts; the crew sees one. */
function mergeParts(events: readonly LedgerViewEvent[]): LedgerPass[] {
  const passes = new Map<string, LedgerPass>();
  for (const event of events) {
    if (event.type === 'weighing') continue;
    const key = `${event.gateway}/${event.body.passId}`;
    const epcs = (event.body.tags as { epc: string }[]).map((tag) => tag.epc);
    const known = passes.get(key);
    if (known !== undefined) {
      known.epcs.push(...epcs);
      continue;
    }
    passes.set(key, {
      passId: String(event.body.passId),
      type: event.type,
      readPoint: event.readPoint,
      direction: String(event.body.direction),
      at: Date.parse(event.occurredAt),
      epcs,
    });
  }
  return [...passes.values()];
}

function scorePasses(
  truePasses: readonly TruePass[],
  ledgerPasses: readonly LedgerPass[],
  typeOf: (pass: TruePass) => string,
): Finding[] {
  const findings: Finding[] = [];
  const left = new Set(ledgerPasses);
  for (const pass of truePasses) {
    const what = `${typeOf(pass)} at ${pass.readPoint} ${new Date(pass.from).toISOString()} (${pass.epcs.length} tags)`;
    const candidates = [...left].filter(
      (one) =>
        one.readPoint === pass.readPoint &&
        one.at >= pass.from - PASS_SLACK_MS &&
        one.at <= pass.to + PASS_SLACK_MS,
    );
    const match = candidates[0];
    if (match === undefined) {
      findings.push({ verdict: 'lost', what });
      continue;
    }
    for (const one of candidates) left.delete(one);
    if (match.type !== typeOf(pass) || match.direction !== pass.direction) {
      findings.push({ verdict: 'wrong', what: `${what}: ledger says ${match.type} ${match.direction}` });
    }
    // The parts of one pass share out its tags: a tag that is there again was counted again.
    const repeated = candidates.some((one) => new Set(one.epcs).size < one.epcs.length);
    if (candidates.length > 1 || repeated) findings.push({ verdict: 'duplicated', what });
    const seen = new Set(candidates.flatMap((one) => one.epcs));
    const expected = new Set(pass.epcs);
    const missing = [...expected.difference(seen)];
    const invented = [...seen.difference(expected)];
    if (missing.length > 0)
      findings.push({ verdict: 'lost', what: `${what}: ${missing.length} tags missing` });
    if (invented.length > 0)
      findings.push({ verdict: 'wrong', what: `${what}: ${invented.length} tags that did not pass` });
  }
  for (const pass of left) {
    findings.push({ verdict: 'wrong', what: `${pass.type} ${pass.passId} never happened` });
  }
  return findings;
}

function scoreWeighings(truth: Truth, events: readonly LedgerViewEvent[]): Finding[] {
  const findings: Finding[] = [];
  const left = new Set(events);
  for (const [index, weighing] of truth.weighings.entries()) {
    const next = truth.weighings.slice(index + 1).find((one) => one.readPoint === weighing.readPoint);
    const what = `weighing at ${weighing.readPoint} ${new Date(weighing.at).toISOString()} of ${weighing.netMilligrams} mg`;
    const candidates = [...left].filter((event) => {
      const at = Date.parse(event.occurredAt);
      return (
        event.readPoint === weighing.readPoint &&
        at >= weighing.at &&
        at < (next?.at ?? Number.POSITIVE_INFINITY)
      );
    });
    for (const event of candidates) left.delete(event);
    const right = candidates.filter(
      (event) =>
        Math.abs(Number(event.body.netMilligrams) - weighing.netMilligrams) <= weighing.toleranceMilligrams,
    );
    if (right.length === 0) findings.push({ verdict: 'lost', what });
    if (right.length > 1) findings.push({ verdict: 'duplicated', what });
    for (const event of candidates.filter((one) => !right.includes(one))) {
      findings.push({
        verdict: 'wrong',
        what: `${what}: ledger also says ${event.body.netMilligrams} mg`,
      });
    }
  }
  for (const event of left) {
    findings.push({
      verdict: 'wrong',
      what: `weighing at ${event.readPoint} ${event.occurredAt} never happened`,
    });
  }
  return findings;
}

function finalLocations(truth: Truth): Map<string, string> {
  const locations = new Map<string, string>();
  for (const presence of truth.presences) {
    locations.set(presence.epc, presence.to === undefined ? presence.location : 'customer');
  }
  return locations;
}

function scoreObjects(locations: ReadonlyMap<string, string>, ledger: LedgerView): Finding[] {
  const findings: Finding[] = [];
  const seen = new Map<string, number>();
  for (const object of ledger.objects) {
    seen.set(object.epc, (seen.get(object.epc) ?? 0) + 1);
    const where = locations.get(object.epc);
    if (where === undefined) {
      findings.push({ verdict: 'wrong', what: `object ${object.epc} in ${object.location} does not exist` });
    } else if (where !== object.location) {
      findings.push({
        verdict: 'wrong',
        what: `object ${object.epc} is in ${where}, ledger says ${object.location}`,
      });
    }
  }
  for (const [epc, where] of locations) {
    if (!seen.has(epc)) findings.push({ verdict: 'lost', what: `object ${epc} in ${where}` });
    if ((seen.get(epc) ?? 0) > 1) findings.push({ verdict: 'duplicated', what: `object ${epc}` });
  }
  const counted = ledger.stock.reduce((sum, row) => sum + row.objects, 0);
  const standing = [...locations.values()].filter((where) => where !== 'customer').length;
  const atHand = ledger.stock
    .filter((row) => row.location !== 'customer')
    .reduce((sum, row) => sum + row.objects, 0);
  if (atHand !== standing) {
    findings.push({
      verdict: 'wrong',
      what: `stock shows ${atHand} objects at hand (${counted} in all), truth ${standing}`,
    });
  }
  return findings;
}

function scoreBins(truth: Truth, ledger: LedgerView): Finding[] {
  const last = [...new Map(truth.weighings.map((weighing) => [weighing.readPoint, weighing])).values()];
  const expected = last.reduce((sum, { netMilligrams }) => sum + netMilligrams, 0);
  const tolerance = last.reduce((sum, { toleranceMilligrams }) => sum + toleranceMilligrams, 0);
  const actual = ledger.stock.reduce((sum, row) => sum + (row.netMilligrams ?? 0), 0);
  return Math.abs(expected - actual) <= tolerance
    ? []
    : [{ verdict: 'wrong', what: `bins hold ${expected} mg, stock shows ${actual} mg` }];
}

/** The exceptions that the truth calls for, as `kind subject`. */
function expectedExceptions(truth: Truth): string[] {
  return [
    ...truth.excursions.map((one) => `TEMP ${one.readPoint}`),
    ...truth.faults.flatMap((fault) => fault.exceptions),
    ...truth.shipments.flatMap((shipment) => {
      const { short, over } = differenceOf(shipment);
      return [
        ...(short > 0 ? [`SHIPMENT_SHORT ${shipment.id}`] : []),
        ...(over > 0 ? [`SHIPMENT_OVER ${shipment.id}`] : []),
      ];
    }),
  ];
}

function differenceOf(shipment: Truth['shipments'][number]): { short: number; over: number; listed: number } {
  const listed = new Set(shipment.lines.flatMap((line) => line.epcs));
  const actual = new Set(shipment.actualEpcs);
  return { short: listed.difference(actual).size, over: actual.difference(listed).size, listed: listed.size };
}

function scoreExceptions(truth: Truth, exceptions: LedgerView['exceptions']): Finding[] {
  const left = exceptions.map((one) => {
    if (one.kind.startsWith('TEMP_') || one.kind === 'SENSOR_FAULT') {
      return `${one.kind.startsWith('TEMP_') ? 'TEMP' : one.kind} ${one.readPoint}`;
    }
    return `${one.kind} ${one.subject}`;
  });
  const findings: Finding[] = [];
  for (const expected of expectedExceptions(truth)) {
    const index = left.indexOf(expected);
    if (index < 0) findings.push({ verdict: 'missed exception', what: expected });
    else left.splice(index, 1);
  }
  return [...findings, ...left.map((what): Finding => ({ verdict: 'false exception', what }))];
}

function scoreHolds(
  expected: readonly { one: { readPoint: string }; epcs: Set<string> }[],
  ledger: LedgerView,
  exceptions: LedgerView['exceptions'],
): Finding[] {
  const findings: Finding[] = [];
  const pointOf = new Map(exceptions.map((one) => [one.id, one.readPoint]));
  const held = ledger.holds.filter((hold) => hold.status !== 'withdrawn');
  for (const { one, epcs } of expected) {
    const actual = new Set(
      held.filter((hold) => pointOf.get(hold.exceptionId) === one.readPoint).map((hold) => hold.epc),
    );
    for (const epc of epcs.difference(actual)) {
      findings.push({ verdict: 'lost', what: `hold on ${epc}, exposed at ${one.readPoint}` });
    }
    for (const epc of actual.difference(epcs)) {
      findings.push({ verdict: 'wrong', what: `hold on ${epc}, which was not exposed at ${one.readPoint}` });
    }
  }
  const known = new Set<string>();
  for (const hold of held) {
    const key = `${hold.exceptionId} ${hold.epc}`;
    if (known.has(key)) findings.push({ verdict: 'duplicated', what: `hold on ${hold.epc}` });
    known.add(key);
  }
  const points = new Set(expected.map(({ one }) => one.readPoint));
  for (const hold of held) {
    if (!points.has(pointOf.get(hold.exceptionId) ?? '')) {
      findings.push({ verdict: 'wrong', what: `hold on ${hold.epc} without an excursion` });
    }
  }
  return findings;
}

function scoreShipments(truth: Truth, ledger: LedgerView): Finding[] {
  return truth.shipments.flatMap((shipment): Finding[] => {
    const actual = ledger.shipments.find((one) => one.id === shipment.id);
    if (actual === undefined) return [{ verdict: 'lost', what: `shipment ${shipment.id}` }];
    const { short, over, listed } = differenceOf(shipment);
    const right =
      actual.expected === listed && actual.actual === listed - short && actual.unexpected.length === over;
    return right
      ? []
      : [
          {
            verdict: 'wrong',
            what: `shipment ${shipment.id}: truth ${listed - short} of ${listed} and ${over} unlisted, ledger ${actual.actual} of ${actual.expected} and ${actual.unexpected.length}`,
          },
        ];
  });
}
