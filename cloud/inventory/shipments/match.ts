/**
 * Expected shipments against what crossed the doors. PURE; the answer depends on the sets, not on their order.
 *
 * In order of crossing, each tag goes to: the line that lists its EPC; else the line with its SSCC; else a line of
 * its GTIN (and lot, where both are known) whose shipment is expected at this door at this time, one with room
 * first; else it is unexpected on the shipment of its pass. Identity (EPC, SSCC) also counts at another door and
 * outside of the window, within IDENTITY_EARLY_MS and IDENTITY_LATE_MS: goods are those goods wherever they come.
 * A tag counts once per shipment, however often it crosses.
 */

export const IDENTITY_EARLY_MS = 24 * 3_600_000;
export const IDENTITY_LATE_MS = 7 * 24 * 3_600_000;

export type ShipmentKind = 'inbound' | 'outbound';

export interface ExpectedLine {
  readonly line: number;
  readonly gtin: string | null;
  readonly sscc: string | null;
  readonly lot: string | null;
  readonly quantity: number;
  readonly epcs: readonly string[];
}

export interface ExpectedShipment {
  readonly id: string;
  readonly kind: ShipmentKind;
  readonly readPoint: string;
  readonly from: number;
  readonly to: number;
  readonly lines: readonly ExpectedLine[];
}

/** A tag that came in with a receipt or went out with a dispatch. */
export interface DoorCrossing {
  readonly kind: ShipmentKind;
  readonly epc: string;
  readonly occurredAt: number;
  readonly occurredKey: string;
  readonly readPoint: string;
  readonly passId: string;
  readonly gtin: string | null;
  readonly sscc: string | null;
  readonly lot: string | null;
}

export interface Match {
  readonly shipment: string;
  readonly crossing: DoorCrossing;
  /** Null: unexpected. */
  readonly line: number | null;
  /** False for the tag of a pallet whose cases are counted. */
  readonly counted: boolean;
}

interface LineSeat {
  readonly shipment: ExpectedShipment;
  readonly line: ExpectedLine;
  /** Tags that class matching may still put here. */
  room: number;
}

export function matchShipments(
  shipments: readonly ExpectedShipment[],
  crossings: readonly DoorCrossing[],
): Match[] {
  const board = new Board(shipments);
  const left: DoorCrossing[] = [];
  for (const crossing of crossings.toSorted(byTime)) {
    if (!board.seatByIdentity(crossing) && !board.isTaken(crossing)) left.push(crossing);
  }
  const unmatched = left.filter((crossing) => !board.isTaken(crossing) && !board.seatByClass(crossing));
  for (const crossing of unmatched) board.addUnexpected(crossing);
  return board.matches;
}

function byTime(a: DoorCrossing, b: DoorCrossing): number {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt - b.occurredAt;
  if (a.occurredKey !== b.occurredKey) return a.occurredKey < b.occurredKey ? -1 : 1;
  return a.epc < b.epc ? -1 : 1;
}

/** The seats of all shipments while tags are put on them. Lives for one run of matchShipments. */
class Board {
  readonly matches: Match[] = [];
  readonly #shipments: readonly ExpectedShipment[];
  readonly #byEpc = new Map<string, LineSeat[]>();
  readonly #bySscc = new Map<string, LineSeat[]>();
  readonly #byGtin = new Map<string, LineSeat[]>();
  /** `<shipment>\n<epc>` of every match. */
  readonly #present = new Set<string>();
  /** `<kind>\n<epc>`: what came in with one shipment may go out with another. */
  readonly #taken = new Set<string>();
  /** `<passId>\n<shipment>` → matched tags. */
  readonly #matchedInPass = new Map<string, number>();

  constructor(shipments: readonly ExpectedShipment[]) {
    this.#shipments = shipments.toSorted((a, b) => a.from - b.from || (a.id < b.id ? -1 : 1));
    for (const shipment of this.#shipments) {
      for (const line of shipment.lines.toSorted((a, b) => a.line - b.line)) {
        const seat = { shipment, line, room: line.quantity - line.epcs.length };
        for (const epc of line.epcs) append(this.#byEpc, epc, seat);
        if (line.sscc !== null) append(this.#bySscc, line.sscc, seat);
        if (line.gtin !== null && seat.room > 0) append(this.#byGtin, line.gtin, seat);
      }
    }
  }

  isTaken({ kind, epc }: DoorCrossing): boolean {
    return this.#taken.has(`${kind}\n${epc}`);
  }

  seatByIdentity(crossing: DoorCrossing): boolean {
    const listed = this.#byEpc.get(crossing.epc)?.find((seat) => this.#mayCome(seat.shipment, crossing));
    if (listed !== undefined) return this.#put(listed, crossing, true);
    const pallets = crossing.sscc === null ? undefined : this.#bySscc.get(crossing.sscc);
    const pallet = pallets?.find((seat) => this.#mayCome(seat.shipment, crossing));
    if (pallet === undefined) return false;
    return this.#put(pallet, crossing, pallet.line.gtin === null && pallet.line.epcs.length === 0);
  }

  seatByClass(crossing: DoorCrossing): boolean {
    const ofItem = crossing.gtin === null ? undefined : this.#byGtin.get(crossing.gtin);
    const possible = (ofItem ?? []).filter(
      ({ shipment, line }) => isExpectedHere(shipment, crossing) && lotsAgree(line.lot, crossing.lot),
    );
    const withRoom = possible.filter((seat) => seat.room > 0);
    const best = withRoom.reduce<LineSeat | undefined>(
      (chosen, seat) =>
        chosen === undefined || lotRank(seat.line.lot, crossing.lot) < lotRank(chosen.line.lot, crossing.lot)
          ? seat
          : chosen,
      undefined,
    );
    const seat = best ?? possible.at(-1);
    if (seat === undefined) return false;
    seat.room -= 1;
    return this.#put(seat, crossing, true);
  }

  addUnexpected(crossing: DoorCrossing): void {
    if (this.isTaken(crossing)) return;
    const here = this.#shipments.filter((shipment) => isExpectedHere(shipment, crossing));
    const shipment = here.reduce<ExpectedShipment | undefined>(
      (chosen, candidate) =>
        chosen === undefined || this.#inPass(candidate, crossing) > this.#inPass(chosen, crossing)
          ? candidate
          : chosen,
      undefined,
    );
    if (shipment === undefined) return;
    this.#taken.add(`${crossing.kind}\n${crossing.epc}`);
    this.matches.push({ shipment: shipment.id, crossing, line: null, counted: false });
  }

  #mayCome(shipment: ExpectedShipment, crossing: DoorCrossing): boolean {
    return (
      shipment.kind === crossing.kind &&
      crossing.occurredAt >= shipment.from - IDENTITY_EARLY_MS &&
      crossing.occurredAt <= shipment.to + IDENTITY_LATE_MS &&
      !this.#present.has(`${shipment.id}\n${crossing.epc}`)
    );
  }

  #inPass(shipment: ExpectedShipment, crossing: DoorCrossing): number {
    return this.#matchedInPass.get(`${crossing.passId}\n${shipment.id}`) ?? 0;
  }

  #put({ shipment, line }: LineSeat, crossing: DoorCrossing, counted: boolean): true {
    const inPass = `${crossing.passId}\n${shipment.id}`;
    this.#matchedInPass.set(inPass, (this.#matchedInPass.get(inPass) ?? 0) + 1);
    this.#present.add(`${shipment.id}\n${crossing.epc}`);
    this.#taken.add(`${crossing.kind}\n${crossing.epc}`);
    this.matches.push({ shipment: shipment.id, crossing, line: line.line, counted });
    return true;
  }
}

function isExpectedHere(shipment: ExpectedShipment, crossing: DoorCrossing): boolean {
  return (
    shipment.kind === crossing.kind &&
    shipment.readPoint === crossing.readPoint &&
    crossing.occurredAt >= shipment.from &&
    crossing.occurredAt <= shipment.to
  );
}

function lotsAgree(expected: string | null, actual: string | null): boolean {
  return expected === null || actual === null || expected === actual;
}

/** The same lot first, then a line for any lot, then a line whose lot the tag cannot confirm. */
function lotRank(expected: string | null, actual: string | null): number {
  if (expected !== null && expected === actual) return 0;
  return expected === null ? 1 : 2;
}

function append(map: Map<string, LineSeat[]>, key: string, seat: LineSeat): void {
  const seats = map.get(key);
  if (seats === undefined) map.set(key, [seat]);
  else seats.push(seat);
}
