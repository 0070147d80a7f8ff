import type { CodeRoom } from '../room.ts';

export const PROTOCOL: readonly CodeRoom[] = [
  { room: 'protocol/ports', owns: 'clock and randomness as ports', imports: [], pure: true },
  {
    room: 'protocol/readings',
    owns: 'what one device said once',
    imports: ['protocol/events'],
    packages: ['zod'],
    pure: true,
  },
  {
    room: 'protocol/events',
    owns: 'one record per event kind: schema, lane, times',
    imports: [],
    packages: ['zod'],
    pure: true,
  },
  { room: 'protocol/epc', owns: 'tag bits, EPC URIs, GS1 keys', imports: [], pure: true },
  {
    room: 'protocol/config',
    owns: 'how configuration files are read',
    imports: [],
    packages: ['zod', 'yaml'],
    pure: true,
  },
  {
    room: 'protocol/link',
    owns: 'gateway ↔ cloud: batch, ack, command, topics, sizes',
    imports: ['protocol/events'],
    packages: ['zod'],
    builtins: ['zlib'],
    pure: true,
  },
  {
    room: 'protocol/wire/shared',
    owns: 'what device codecs have in common: masses, decimal numbers',
    imports: [],
    pure: true,
  },
  {
    room: 'protocol/wire/*',
    owns: 'one device codec each, both directions',
    imports: ['protocol/readings', 'protocol/epc', 'protocol/wire/shared'],
    packages: ['zod'],
    pure: true,
  },
];
