/** The `devices` of scenario.yaml: one alternative for each kind in the registry, distinguished by `model`. */
import * as z from 'zod';
import type { DeviceKind } from './device-kind.ts';
import { DEVICE_KINDS, deviceKindOf } from './registry.ts';

const [first, ...others] = DEVICE_KINDS;

export const devicePlanSchema = z.discriminatedUnion('model', [planOf(first), ...others.map(planOf)], {
  error: `expected one of ${DEVICE_KINDS.map(({ model }) => `"${model}"`).join(', ')}`,
});

/** `options` are those of the kind, parsed. */
export type DevicePlan = z.infer<typeof devicePlanSchema>;

function planOf(kind: DeviceKind) {
  return z.strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes'),
    model: z.literal(kind.model),
    options: kind.options.prefault({}),
    /** Options of the gateway's driver for it, besides those that follow from `options`. */
    driver: z.record(z.string(), z.unknown()).default({}),
  });
}

/** The device's entry in gateway.yaml; `address` is where its line ends, none for a client of the broker. */
interface GatewayEntry {
  readonly id: string;
  readonly driver: string;
  readonly address?: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export function gatewayEntryOf(plan: DevicePlan, address?: string): GatewayEntry {
  const kind = deviceKindOf(plan);
  return {
    id: plan.id,
    driver: kind.driver,
    ...(address === undefined ? {} : { address }),
    options: { ...kind.driverOptions(plan.options), ...plan.driver },
  };
}
