/**
 * What the registers of a Modbus sensor mean, as data. A sensor without an entry here is described with the same
 * fields in gateway.yaml (`profiles:` of the driver's options).
 */
import * as z from 'zod';
import { metricSchema } from '../../../protocol/events/metrics.ts';

const faultCode = z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'a fault code is upper case, e.g. PROBE_OPEN');

export const modbusValueSchema = z.strictObject({
  metric: metricSchema,
  /** Words after the first register of the read. */
  offset: z.int().min(0).max(124).default(0),
  type: z.enum(['int16', 'uint16', 'int32', 'uint32', 'float32']),
  /** Of two-word types: `big` sends the high word first. */
  wordOrder: z.enum(['big', 'little']).default('big'),
  /** Thousandths of a degree or of a percent per count: 100 for a register in tenths. */
  milliPerCount: z.number().positive(),
  /** Raw counts that always mean a fault. */
  sentinels: z.array(z.strictObject({ raw: z.number(), fault: faultCode })).default([]),
  /**
   * Raw counts that mean a fault unless the last value was close by: −1 is −0.1 °C as well. After `maxRepeats`
   * in a row even then, since a real probe moves.
   */
  suspects: z
    .array(
      z.strictObject({
        raw: z.number(),
        fault: faultCode,
        nearMilli: z.int().min(0),
        maxRepeats: z.int().min(1),
      }),
    )
    .default([]),
  /** Plausible values, both ends included; outside is OUT_OF_RANGE. */
  rangeMilli: z.tuple([z.int(), z.int()]).refine(([low, high]) => low < high, 'lowest first'),
  /** Faster than this from the last good value is IMPLAUSIBLE_CHANGE. */
  maxRateMilliPerSecond: z.number().positive().optional(),
});

export const modbusProfileSchema = z.strictObject({
  reads: z
    .array(
      z
        .strictObject({
          function: z.union([z.literal(3), z.literal(4)]),
          register: z.int().min(0).max(0xffff),
          quantity: z.int().min(1).max(125),
          values: z.array(modbusValueSchema).min(1),
        })
        .refine(
          (read) => read.values.every((value) => value.offset + wordsOf(value.type) <= read.quantity),
          'a value lies outside the registers read',
        ),
    )
    .min(1)
    .max(16),
  /** Vendor exception codes that report the probe's state. */
  exceptions: z.array(z.strictObject({ code: z.int().min(1).max(255), fault: faultCode })).default([]),
});

export type ModbusValue = z.infer<typeof modbusValueSchema>;
export type ModbusProfile = z.infer<typeof modbusProfileSchema>;

export function wordsOf(type: ModbusValue['type']): 1 | 2 {
  return type === 'int16' || type === 'uint16' ? 1 : 2;
}

/** Exceptions every slave may answer (Modbus Application Protocol V1.1b3, 7). */
export const STANDARD_EXCEPTIONS: ReadonlyMap<number, string> = new Map([
  [1, 'ILLEGAL_FUNCTION'],
  [2, 'ILLEGAL_ADDRESS'],
  [3, 'ILLEGAL_VALUE'],
  [4, 'DEVICE_FAILURE'],
  [5, 'DEVICE_ACKNOWLEDGE'],
  [6, 'DEVICE_BUSY'],
  [8, 'MEMORY_PARITY'],
  [10, 'GATEWAY_PATH'],
  [11, 'GATEWAY_TARGET'],
]);

/** XY-MD02 and its SHT20 kin: input registers 1 and 2, tenths of °C and of %RH. */
const xyMd02 = modbusProfileSchema.parse({
  reads: [
    {
      function: 4,
      register: 0x0001,
      quantity: 2,
      values: [
        {
          metric: 'temperature',
          offset: 0,
          type: 'int16',
          milliPerCount: 100,
          sentinels: [
            { raw: 32767, fault: 'SENSOR_FAULT' },
            { raw: -32768, fault: 'SENSOR_FAULT' },
          ],
          suspects: [{ raw: -1, fault: 'SENSOR_FAULT', nearMilli: 1_500, maxRepeats: 6 }],
          rangeMilli: [-40_000, 125_000],
        },
        {
          metric: 'relativeHumidity',
          offset: 1,
          type: 'uint16',
          milliPerCount: 100,
          sentinels: [{ raw: 65535, fault: 'SENSOR_FAULT' }],
          rangeMilli: [0, 100_000],
        },
      ],
    },
  ],
});

/** PT100 transmitters with one holding register in tenths of °C; the fault comes as exception or as sentinel. */
const pt100Rtd = modbusProfileSchema.parse({
  reads: [
    {
      function: 3,
      register: 0x0000,
      quantity: 1,
      values: [
        {
          metric: 'temperature',
          type: 'int16',
          milliPerCount: 100,
          sentinels: [
            { raw: 32767, fault: 'PROBE_OPEN' },
            { raw: -32768, fault: 'PROBE_SHORT' },
          ],
          suspects: [
            { raw: -1, fault: 'PROBE_FAULT', nearMilli: 1_500, maxRepeats: 6 },
            { raw: 850, fault: 'PROBE_POWER_ON', nearMilli: 1_500, maxRepeats: 6 },
            { raw: -1270, fault: 'PROBE_DISCONNECTED', nearMilli: 1_500, maxRepeats: 6 },
          ],
          rangeMilli: [-200_000, 300_000],
          maxRateMilliPerSecond: 2_000,
        },
      ],
    },
  ],
  exceptions: [
    { code: 0x20, fault: 'PROBE_DAMAGED' },
    { code: 0x40, fault: 'UNDER_RANGE' },
    { code: 0x60, fault: 'PROBE_SHORT' },
    { code: 0x80, fault: 'OVER_RANGE' },
    { code: 0xa0, fault: 'PROBE_OPEN' },
  ],
});

export const MODBUS_PROFILES: Readonly<Record<string, ModbusProfile>> = {
  'xy-md02': xyMd02,
  sht20: xyMd02,
  'pt100-rtd': pt100Rtd,
};
