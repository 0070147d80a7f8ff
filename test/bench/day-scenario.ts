/**
 * A day of a middling site as a scenario: four dock doors with photo-eyes, four cold rooms with ten probes each on a
 * bus, a truck at every door every two hours, half of what came leaves again. One compressor fails for half an hour,
 * when nothing that it exposes leaves any more.
 */
import { type Scenario, scenarioSchema } from '../../firmware-sim/world/scenario.ts';

const DOORS = 4;
const PROBES_PER_ROOM = 10;
const PALLETS_PER_TRUCK = 8;
const CASES_PER_PALLET = 12;
const POLL_MS = 60_000;

const each = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
const clockText = (minutes: number) =>
  `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:00`;

export function dayScenario(hours: number): Scenario {
  const script: unknown[] = [];
  for (let hour = 0; hour < hours; hour += 2) {
    for (let door = 0; door < DOORS; door++) {
      const name = (pallet: number) => `h${hour}-d${door}-p${pallet}`;
      script.push({
        at: clockText(hour * 60 + 5 + door * 2),
        do: 'receive',
        door: `dock-${door}`,
        shipment: `asn-${hour}-${door}`,
        pallets: each(PALLETS_PER_TRUCK, (pallet) => ({
          name: name(pallet),
          gtin: '19521141000011',
          lot: `L${hour}`,
          cases: CASES_PER_PALLET,
        })),
      });
      if (hour + 2 > hours) continue;
      script.push({
        at: clockText(hour * 60 + 65 + door * 2),
        do: 'dispatch',
        door: `dock-${door}`,
        shipment: `order-${hour}-${door}`,
        pallets: each(PALLETS_PER_TRUCK / 2, name),
      });
    }
  }
  if (hours >= 4) {
    script.push({ at: clockText(195), do: 'compressor', room: 'cold-0', on: false });
    script.push({ at: clockText(225), do: 'compressor', room: 'cold-0', on: true });
  }
  return scenarioSchema.parse({
    name: 'day',
    title: 'A day at four doors and forty probes',
    start: '2026-03-02T06:00:00Z',
    duration: clockText(hours * 60),
    companyPrefix: '9521141',
    gateway: { id: 'gw-day' },
    devices: [
      ...each(DOORS, (n) => ({
        id: `dock-${n}-reader`,
        model: 'llrp-reader',
        driver: { gpiPorts: [1, 2], keepaliveMs: 60_000 },
      })),
      ...each(DOORS, (n) => ({
        id: `bus-${n}`,
        model: 'modbus-slaves',
        options: { units: each(PROBES_PER_ROOM, (unit) => ({ address: unit + 1, profile: 'xy-md02' })) },
        driver: {
          pollMs: POLL_MS,
          units: each(PROBES_PER_ROOM, (unit) => ({ address: unit + 1, profile: 'xy-md02' })),
        },
      })),
    ],
    readPoints: [
      ...each(DOORS, (n) => ({
        id: `dock-${n}`,
        kind: 'portal',
        antennas: [
          { device: `dock-${n}-reader`, antenna: '1', side: 'outer' },
          { device: `dock-${n}-reader`, antenna: '2', side: 'inner' },
        ],
        photoEyes: {
          outer: { device: `dock-${n}-reader`, input: 'gpi-1' },
          inner: { device: `dock-${n}-reader`, input: 'gpi-2' },
        },
        direction: { mode: 'photo-eye' },
        session: { openBy: 'photo-eye', quietMs: 4000, maxMs: 60_000 },
        stray: { minReads: 3, minPeakRssiDbm: -62 },
      })),
      ...probes((room, unit) => ({
        id: probeName(room, unit),
        kind: 'condition',
        device: `bus-${room}`,
        channel: String(unit + 1),
        metrics: { temperature: { deadBandMilli: 200, highMilli: 8000 } },
        heartbeatMs: 300_000,
      })),
    ],
    site: {
      name: 'A day',
      locations: each(DOORS, (n) => ({ id: `cold-${n}`, name: `Cold room ${n}`, kind: 'cold-room' })),
      doors: each(DOORS, (n) => ({ readPoint: `dock-${n}`, name: `Dock ${n}`, inside: `cold-${n}` })),
      probes: probes((room, unit) => ({
        readPoint: probeName(room, unit),
        name: `Probe ${room}/${unit}`,
        location: `cold-${room}`,
      })),
      rules: [
        {
          id: 'chilled-high',
          version: 1,
          name: 'Chilled goods, at most 8 °C',
          locations: each(DOORS, (n) => `cold-${n}`),
          metric: 'temperature',
          comparator: 'above',
          limitMilli: 8000,
          deadBandMilli: 500,
          onDelayMs: 600_000,
        },
      ],
    },
    places: {
      doors: each(DOORS, (n) => ({
        readPoint: `dock-${n}`,
        device: `dock-${n}-reader`,
        antennas: { outer: 1, inner: 2 },
        photoEyes: { outer: 1, inner: 2 },
        inside: `cold-${n}`,
      })),
      rooms: each(DOORS, (room) => ({
        location: `cold-${room}`,
        probes: each(PROBES_PER_ROOM, (unit) => ({
          readPoint: probeName(room, unit),
          device: `bus-${room}`,
          channel: String(unit + 1),
          offsetMilli: unit * 30,
        })),
      })),
    },
    script,
  });
}

const probeName = (room: number, unit: number) => `cold-${room}-probe-${unit}`;

function probes<T>(make: (room: number, unit: number) => T): T[] {
  return each(DOORS, (room) => each(PROBES_PER_ROOM, (unit) => make(room, unit))).flat();
}
