/**
 * scenario.yaml: a site, its devices, and what happens there. Strict, so that a typing error names its line.
 * `site` goes to the cloud and `readPoints` to the gateway as they stand; the world itself reads `places` and
 * `script`. Times in the script are `m:ss` or `h:mm:ss` after `start`.
 */
import * as z from 'zod';
import { comparatorSchema } from '../../protocol/events/limits.ts';
import { devicePlanSchema } from '../devices/device-plan.ts';
import type { DeviceFaults } from '../devices/faults.ts';
import { deviceKindOf } from '../devices/registry.ts';

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes');

/** `m:ss` or `h:mm:ss` to milliseconds. */
const offset = z
  .string()
  .regex(/^(\d+:)?\d+:[0-5]\d$/, 'a time after the start like "4:30" or "1:04:30", in quotes')
  .transform((text) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000);

const antenna = z.int().positive();

/** A door in the world. Outside is negative x; antennas and photo-eyes stand on either side of the line. */
const doorPlaceSchema = z.strictObject({
  readPoint: id,
  device: id,
  antennas: z.strictObject({ outer: antenna, inner: antenna }),
  photoEyes: z.strictObject({ outer: z.int().positive(), inner: z.int().positive() }).optional(),
  inside: id,
  /** Absent at a dock door: outside is the world. */
  outside: id.optional(),
  /** Tags that lie near the door and never pass; dBm as seen by the nearer antenna. */
  parked: z.array(z.strictObject({ count: z.int().positive(), rssiDbm: z.number(), antenna })).default([]),
});

/** A cold room: temperatures in milli-degrees Celsius, time constants in seconds. */
const roomPlaceSchema = z.strictObject({
  location: id,
  ambientMilli: z.int().default(21_000),
  setpointMilli: z.int().default(4000),
  /** The compressor keeps within setpoint ± this. */
  swingMilli: z.int().positive().default(800),
  /** How fast warmth comes in: closed, and with the door open. */
  leakSeconds: z.number().positive().default(2400),
  doorLeakSeconds: z.number().positive().default(700),
  coolingMilliPerSecond: z.number().positive().default(35),
  probes: z.array(
    z.strictObject({
      readPoint: id,
      device: id,
      channel: z.string(),
      offsetMilli: z.int().default(0),
    }),
  ),
  contact: z.strictObject({ readPoint: id, device: id, channel: z.string() }).optional(),
});

const binPlaceSchema = z.strictObject({
  readPoint: id,
  device: id,
  pieceMilligrams: z.int().positive(),
});

/** A load on a pallet: cases with item tags, and the pallet's own SSCC tag. */
const palletSchema = z.strictObject({
  name: id,
  gtin: z.string(),
  lot: z.string(),
  expiry: z.iso.date().optional(),
  cases: z.int().positive(),
  /** How the cases are tagged: plain SGTIN-96, or DSGTIN+ that carries the expiry date. */
  tag: z.enum(['sgtin-96', 'dsgtin+']).default('sgtin-96'),
  /** Cases on the sender's list but not on the pallet. */
  missing: z.int().nonnegative().default(0),
  /** Cases on the pallet but not on the list. */
  extra: z.int().nonnegative().default(0),
});

const at = { at: offset };
const actionSchema = z.discriminatedUnion('do', [
  /** A truck: its pallets come in one by one. */
  z.strictObject({
    ...at,
    do: z.literal('receive'),
    door: id,
    everySeconds: z.number().default(35),
    pallets: z.array(palletSchema),
    shipment: z.string(),
  }),
  /** Pallets go through an inner door. */
  z.strictObject({
    ...at,
    do: z.literal('move'),
    door: id,
    direction: z.enum(['IN', 'OUT']),
    everySeconds: z.number().default(35),
    pallets: z.array(id),
  }),
  /** A forklift starts through a door and turns back. */
  z.strictObject({
    ...at,
    do: z.literal('turn-back'),
    door: id,
    from: z.enum(['inside', 'outside']),
    pallet: id,
  }),
  /** Pallets leave; `unlisted` ones are not on the paper. */
  z.strictObject({
    ...at,
    do: z.literal('dispatch'),
    door: id,
    everySeconds: z.number().default(35),
    pallets: z.array(id),
    unlisted: z.array(id).default([]),
    shipment: z.string(),
  }),
  z.strictObject({ ...at, do: z.literal('fill'), bin: id, pieces: z.int().positive() }),
  z.strictObject({ ...at, do: z.literal('pick'), bin: id, pieces: z.int().positive() }),
  z.strictObject({ ...at, do: z.literal('compressor'), room: id, on: z.boolean() }),
  z.strictObject({ ...at, do: z.literal('open-door'), room: id, seconds: z.number().positive() }),
  z.strictObject({
    ...at,
    do: z.literal('probe-fault'),
    readPoint: id,
    fault: z.string(),
    seconds: z.number().positive(),
  }),
  /** A whole device breaks for a while. */
  z.strictObject({
    ...at,
    do: z.literal('device-fault'),
    device: id,
    fault: z.string(),
    seconds: z.number().positive(),
  }),
]);
export type Action = z.infer<typeof actionSchema>;
export type PalletPlan = z.infer<typeof palletSchema>;

const shapeSchema = z.strictObject({
  name: id,
  title: z.string(),
  start: z.iso.datetime(),
  duration: offset,
  /** How much faster than life the demo runs it. */
  demoSpeed: z.number().positive().default(10),
  seed: z.int().default(1),
  companyPrefix: z.string().regex(/^\d{6,12}$/),
  gateway: z.strictObject({ id }),
  devices: z.array(devicePlanSchema),
  places: z.strictObject({
    doors: z.array(doorPlaceSchema).default([]),
    rooms: z.array(roomPlaceSchema).default([]),
    bins: z.array(binPlaceSchema).default([]),
  }),
  script: z.array(actionSchema),
  site: z.looseObject({
    rules: z
      .array(
        z.looseObject({
          id: z.string(),
          locations: z.array(z.string()),
          metric: z.string(),
          comparator: comparatorSchema,
          limitMilli: z.int(),
          deadBandMilli: z.int().default(0),
          onDelayMs: z.int(),
          hold: z.boolean().default(true),
        }),
      )
      .default([]),
  }),
  readPoints: z.array(z.looseObject({ id: z.string() })),
});

/** What breaks has to be there, and able to break so. */
export const scenarioSchema = shapeSchema.superRefine((scenario, context) => {
  for (const [index, action] of scenario.script.entries()) {
    const faults = faultsFor(action, scenario);
    if (faults === undefined) continue;
    const problem = (key: string, message: string) =>
      context.addIssue({ code: 'custom', path: ['script', index, key], message });
    if (faults.of === undefined) problem(faults.key, 'there is no such device or probe');
    else if (!Object.hasOwn(faults.of, faults.fault)) {
      problem('fault', `expected one of ${Object.keys(faults.of).join(', ') || '(it has no faults)'}`);
    }
  }
});
export type Scenario = z.infer<typeof scenarioSchema>;
export type DoorPlace = z.infer<typeof doorPlaceSchema>;
export type RoomPlace = z.infer<typeof roomPlaceSchema>;

/** The faults that an action may name: of a probe or a device, undefined where there is none; for other actions nothing. */
function faultsFor(
  action: Action,
  scenario: z.infer<typeof shapeSchema>,
): { key: string; fault: string; of: DeviceFaults | undefined } | undefined {
  const planOf = (device: string | undefined) => scenario.devices.find((plan) => plan.id === device);
  if (action.do === 'device-fault') {
    const plan = planOf(action.device);
    const of = plan && deviceKindOf(plan).deviceFaults;
    return { key: 'device', fault: action.fault, of };
  }
  if (action.do === 'probe-fault') {
    const probes = scenario.places.rooms.flatMap((room) => room.probes);
    const plan = planOf(probes.find((probe) => probe.readPoint === action.readPoint)?.device);
    return { key: 'readPoint', fault: action.fault, of: plan && deviceKindOf(plan).probeFaults };
  }
  return undefined;
}
