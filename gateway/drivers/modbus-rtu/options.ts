/** Options of a Modbus RTU bus in gateway.yaml: who is on it and how patient the master is. */
import * as z from 'zod';
import { MODBUS_PROFILES, type ModbusProfile, modbusProfileSchema } from './profiles.ts';

const unitSchema = z.strictObject({
  address: z.int().min(1, 'addresses are 1..247').max(247, 'addresses are 1..247'),
  /** Name of the place on this bus; the address when left out. */
  channel: z.string().min(1).max(64).optional(),
  /** Built in (`xy-md02`, `sht20`, `pt100-rtd`) or one of `profiles`. */
  profile: z.string(),
});

export const modbusRtuOptions = z
  .strictObject({
    /** From the start of one round over all units to the start of the next. */
    pollMs: z.int().min(100).max(3_600_000).default(10_000),
    /** How long a unit may take to answer. */
    timeoutMs: z.int().min(20).max(10_000).default(500),
    /** Further attempts before a unit counts as absent. */
    retries: z.int().min(0).max(10).default(2),
    /** Silence between two frames; 3.5 characters are 4 ms at 9600 baud. */
    gapMs: z.int().min(1).max(1_000).default(10),
    units: z.array(unitSchema).min(1).max(247),
    profiles: z.record(z.string(), modbusProfileSchema).default({}),
  })
  .superRefine((options, context) => {
    const channels = new Set<string>();
    for (const [index, unit] of options.units.entries()) {
      if (findProfile(unit.profile, options.profiles) === undefined) {
        const known = [...Object.keys(MODBUS_PROFILES), ...Object.keys(options.profiles)].join(', ');
        const message = `no profile "${unit.profile}"; known: ${known}`;
        context.addIssue({ code: 'custom', path: ['units', index, 'profile'], message });
      }
      const channel = unit.channel ?? String(unit.address);
      if (channels.has(channel)) {
        const message = `channel "${channel}" is used twice on this bus`;
        context.addIssue({ code: 'custom', path: ['units', index, 'channel'], message });
      }
      channels.add(channel);
    }
  });

export type ModbusRtuOptions = z.infer<typeof modbusRtuOptions>;

export function findProfile(name: string, own: ModbusRtuOptions['profiles']): ModbusProfile | undefined {
  if (Object.hasOwn(own, name)) return own[name];
  return Object.hasOwn(MODBUS_PROFILES, name) ? MODBUS_PROFILES[name] : undefined;
}
