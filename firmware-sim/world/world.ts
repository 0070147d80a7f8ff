/**
 * The world of a scenario: pallets, trucks, forklifts, rooms and bins, run from the script on a clock. It moves
 * the devices' surroundings through handles and writes down what truly happened. One random stream per door, so
 * that a change at one place does not shift the others.
 */
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { exceptionsOf, type FaultHandle } from '../devices/faults.ts';
import type { Handles } from '../devices/handles.ts';
import { ROOM_HUMIDITY_MILLI } from './cold-room.ts';
import { createDoorActor, type DoorActor } from './door-actor.ts';
import type { PassKind } from './door-pass.ts';
import { createGoodsMint, type Pallet, tagsOf } from './goods.ts';
import { createRoomActor, type RoomActor } from './room-actor.ts';
import type { Action, DoorPlace, Scenario } from './scenario.ts';
import { planShipments } from './shipments.ts';
import { emptyTruth, type TruePass, type TrueShipment, type Truth } from './truth.ts';

/** The door of a cold room stands open this long around a load that goes through. */
const ROOM_DOOR_OPEN_MS = 14_000;

export interface World {
  readonly truth: Truth;
  /** What senders and orders announce: the paperwork. */
  readonly shipments: readonly TrueShipment[];
  /** Sets everything going; call at scenario.start. */
  start(): void;
}

export function createWorld(options: {
  scenario: Scenario;
  seed: number;
  clock: Clock;
  handles: Handles;
  /** One line per thing that happens, for people who watch. */
  narrate?: (line: string) => void;
}): World {
  const { scenario, seed, clock, handles } = options;
  const narrate = options.narrate ?? (() => {});
  const startAt = Date.parse(scenario.start);
  const mint = createGoodsMint(scenario.companyPrefix, seed);
  const pallets = new Map<string, Pallet>();
  for (const action of scenario.script) {
    if (action.do !== 'receive') continue;
    for (const plan of action.pallets) pallets.set(plan.name, mint.pallet(plan));
  }
  const palletNamed = (name: string): Pallet => {
    const pallet = pallets.get(name);
    if (pallet === undefined) throw new Error(`script: no truck brings a pallet named "${name}"`);
    return pallet;
  };
  const shipments = planShipments(scenario, startAt, palletNamed);
  const truth: Truth = { ...emptyTruth(), shipments: [...shipments] };
  const doors = new Map<string, { place: DoorPlace; actor: DoorActor }>();
  const rooms = new Map<string, RoomActor>();
  const bins = new Map<string, { load: number; put(load: number): void; pieceMilligrams: number }>();

  const found = <T>(map: ReadonlyMap<string, T>, name: string, what: string): T => {
    const item = map.get(name);
    if (item === undefined) throw new Error(`script: there is no ${what} named "${name}"`);
    return item;
  };

  const placeGoods = (epcs: readonly string[], location: string | undefined, now: number) => {
    for (const presence of truth.presences) {
      if (presence.to === undefined && epcs.includes(presence.epc)) presence.to = now;
    }
    if (location === undefined) return;
    for (const epc of epcs) truth.presences.push({ epc, location, from: now });
  };

  const drive = (doorName: string, kind: PassKind, pallet: Pallet) => {
    const door = found(doors, doorName, 'door');
    for (const side of [door.place.inside, door.place.outside]) {
      if (side !== undefined) rooms.get(side)?.openDoor(ROOM_DOOR_OPEN_MS);
    }
    door.actor.pass(kind, tagsOf(pallet), (pass: TruePass) => {
      truth.passes.push(pass);
      switch (pass.direction) {
        case 'IN':
          placeGoods(pass.epcs, door.place.inside, pass.to);
          break;
        case 'OUT':
          placeGoods(pass.epcs, door.place.outside, pass.to);
          break;
        case 'TURNED_BACK':
          break;
      }
    });
  };

  const oneByOne = (names: readonly string[], everySeconds: number, go: (pallet: Pallet) => void) => {
    for (const [index, name] of names.entries()) {
      clock.setTimer(index * everySeconds * 1000, `next pallet ${name}`, () => go(palletNamed(name)));
    }
  };

  const act = (action: Action): void => {
    switch (action.do) {
      case 'receive':
        narrate(`truck at ${action.door}: ${action.pallets.length} pallets, shipment ${action.shipment}`);
        oneByOne(
          action.pallets.map((plan) => plan.name),
          action.everySeconds,
          (pallet) => drive(action.door, 'IN', pallet),
        );
        break;
      case 'move':
        narrate(
          `${action.pallets.join(', ')} ${action.direction === 'IN' ? 'into' : 'out of'} ${action.door}`,
        );
        oneByOne(action.pallets, action.everySeconds, (pallet) =>
          drive(action.door, action.direction, pallet),
        );
        break;
      case 'turn-back':
        narrate(`${action.pallet} starts through ${action.door} and turns back`);
        drive(
          action.door,
          action.from === 'outside' ? 'TURNED_BACK_OUTSIDE' : 'TURNED_BACK_INSIDE',
          palletNamed(action.pallet),
        );
        break;
      case 'dispatch':
        narrate(
          `loading at ${action.door}: ${[...action.pallets, ...action.unlisted].join(', ')}, order ${action.shipment}`,
        );
        oneByOne([...action.pallets, ...action.unlisted], action.everySeconds, (pallet) =>
          drive(action.door, 'OUT', pallet),
        );
        break;
      case 'fill':
      case 'pick': {
        const bin = found(bins, action.bin, 'bin');
        narrate(`${action.pieces} pieces ${action.do === 'fill' ? 'into' : 'out of'} ${action.bin}`);
        const change = action.pieces * bin.pieceMilligrams;
        bin.put(bin.load + (action.do === 'fill' ? change : -change));
        break;
      }
      case 'compressor':
        narrate(`compressor of ${action.room} ${action.on ? 'runs again' : 'fails'}`);
        found(rooms, action.room, 'room').room.setCompressor(action.on);
        break;
      case 'open-door':
        narrate(`door of ${action.room} left open for ${action.seconds} s`);
        found(rooms, action.room, 'room').openDoor(action.seconds * 1000);
        break;
      case 'probe-fault': {
        narrate(`probe ${action.readPoint} breaks (${action.fault}) for ${action.seconds} s`);
        const probe = probeNamed(action.readPoint);
        breakFor(handles.probe(probe.device, probe.channel), action, probe);
        break;
      }
      case 'device-fault':
        narrate(`${action.device} breaks (${action.fault}) for ${action.seconds} s`);
        breakFor(handles.faults(action.device), action, { device: action.device });
        break;
      default:
        action satisfies never;
    }
  };

  const probeNamed = (readPoint: string) => {
    const probe = scenario.places.rooms
      .flatMap((room) => room.probes)
      .find((one) => one.readPoint === readPoint);
    if (probe === undefined) throw new Error(`script: there is no probe named "${readPoint}"`);
    return probe;
  };

  const breakFor = (
    part: FaultHandle,
    { fault, seconds }: { fault: string; seconds: number },
    at: Parameters<typeof exceptionsOf>[1],
  ) => {
    part.setFault(fault);
    const known = part.faults[fault];
    const exceptions = known === undefined ? [] : exceptionsOf(known, at);
    truth.faults.push({ fault, exceptions, from: clock.now(), to: clock.now() + seconds * 1000 });
    clock.setTimer(seconds * 1000, `${at.readPoint ?? at.device} mended`, () => part.setFault(undefined));
  };

  settleIn(scenario, handles);
  return {
    truth,
    shipments,
    start() {
      for (const place of scenario.places.doors) {
        const parked = place.parked.flatMap((group) =>
          Array.from({ length: group.count }, () => ({
            epc: mint.strayTag(),
            antenna: group.antenna,
            rssiDbm: group.rssiDbm,
          })),
        );
        const random = seededRandom(seed, `door/${place.readPoint}`);
        const actor = createDoorActor(place, handles.reader(place.device), parked, clock, random);
        doors.set(place.readPoint, { place, actor });
      }
      for (const place of scenario.places.rooms) {
        rooms.set(place.location, createRoomActor(place, scenario.site.rules, handles, clock, truth));
      }
      for (const place of scenario.places.bins) {
        const scale = handles.scale(place.device);
        const bin = {
          load: 0,
          pieceMilligrams: place.pieceMilligrams,
          put(load: number) {
            bin.load = load;
            scale.setLoadMilligrams(load);
            const { toleranceMilligrams } = scale;
            const at = clock.now();
            truth.weighings.push({
              readPoint: place.readPoint,
              at,
              netMilligrams: load,
              toleranceMilligrams,
            });
          },
        };
        bins.set(place.readPoint, bin);
        scale.setLoadMilligrams(0);
      }
      for (const action of scenario.script) {
        clock.setTimer(startAt + action.at - clock.now(), `script: ${action.do}`, () => act(action));
      }
    },
  };
}

/** As the site stands before the story begins: rooms at their setpoint, doors closed, bins empty. */
function settleIn(scenario: Scenario, handles: Handles): void {
  for (const room of scenario.places.rooms) {
    for (const { device, channel, offsetMilli } of room.probes) {
      const probe = handles.probe(device, channel);
      probe.setTemperatureMilliCelsius(room.setpointMilli + offsetMilli);
      probe.setHumidityMilliPercent(ROOM_HUMIDITY_MILLI);
    }
    if (room.contact !== undefined) handles.contact(room.contact.device, room.contact.channel).setOpen(false);
  }
  for (const bin of scenario.places.bins) handles.scale(bin.device).setLoadMilligrams(0);
}
