/** The site that the simulated gateways stand in: docks of their own, a cold room and a bin that all share. */
import { type Site, siteSchema } from '../../../cloud/site/site.ts';

const MINUTE_MS = 60_000;

const MAX_GATEWAYS = 3;
export const dockOf = (gateway: string) => `dock-${gateway}`;
export const INNER_DOOR = 'cold-door';
export const PROBES = ['probe-1', 'probe-2'] as const;
export const SCALES = ['scale-1', 'scale-2'] as const;

const docks = Array.from({ length: MAX_GATEWAYS }, (_, index) => dockOf(`gw-${index + 1}`));

export const SITE: Site = siteSchema.parse({
  name: 'Simulated site',
  locations: [
    { id: 'staging', name: 'Staging', kind: 'staging' },
    { id: 'cold-1', name: 'Cold room', kind: 'cold-room' },
  ],
  doors: [
    ...docks.map((readPoint) => ({ readPoint, name: readPoint, inside: 'staging' })),
    { readPoint: INNER_DOOR, name: 'Cold room door', inside: 'cold-1', outside: 'staging' },
  ],
  bins: SCALES.map((readPoint) => ({
    readPoint,
    name: readPoint,
    location: 'staging',
    gtin: '04012345678901',
  })),
  probes: PROBES.map((readPoint) => ({ readPoint, name: readPoint, location: 'cold-1' })),
  rules: [
    {
      id: 'max-8',
      version: 1,
      name: 'At most 8 degrees',
      locations: ['cold-1'],
      metric: 'temperature',
      comparator: 'above',
      limitMilli: 8000,
      onDelayMs: 5 * MINUTE_MS,
    },
  ],
  items: [{ gtin: '04012345678901', name: 'Milk' }],
});

/** Tags that go in and out: SGTIN-96 of one item, an SSCC-96, and bytes that are no EPC. */
export const TAGS = [
  '3034257bf7194e4000001a85',
  '3034257bf7194e4000001a86',
  '3034257bf7194e4000001a87',
  '3034257bf7194e4000001a88',
  '3114257bf4499602d2000000',
  'e2801160600002054cc2096f',
] as const;
