/** Breaches of who may read a clock, set a timer, draw a random number and the like. */

import type { WallProbe } from './probe.fixture.ts';

export const POWER_PROBES: readonly WallProbe[] = [
  {
    what: 'a clock in a driver',
    rule: 'power',
    files: { 'gateway/drivers/llrp/probe.ts': `const now = Date.now();` },
    says: 'Date.now',
  },
  {
    what: 'a clock by a date without arguments',
    rule: 'power',
    files: { 'cloud/coldchain/engine/probe.ts': `const now = new Date();` },
  },
  {
    what: 'a clock under another name',
    rule: 'power',
    files: { 'cloud/ingest/probe.ts': `const { now } = Date;` },
  },
  {
    what: 'a clock reached through the global object',
    rule: 'power',
    files: { 'gateway/sensing/probe.ts': `const now = globalThis['Date'].now();` },
  },
  {
    what: 'a monotonic clock',
    rule: 'power',
    files: { 'gateway/journal/commit/probe.ts': `const at = performance.now();` },
  },
  {
    what: 'the clock of the process',
    rule: 'power',
    files: { 'cloud/fleet/probe.ts': `const at = process.hrtime.bigint();` },
  },
  {
    what: 'a timer in the forwarder',
    rule: 'power',
    files: { 'gateway/uplink/forwarder/probe.ts': `setTimeout(() => {}, 10);` },
  },
  {
    what: 'a timer as a promise',
    rule: 'power',
    files: { 'cloud/intake/probe.ts': `import { setTimeout as sleep } from 'node:timers/promises';` },
  },
  {
    what: 'a timer inside an abort signal',
    rule: 'power',
    files: { 'gateway/uplink/https/probe.ts': `const signal = AbortSignal.timeout(10);` },
  },
  {
    what: 'chance in the world',
    rule: 'power',
    files: { 'firmware-sim/world/probe.ts': `const roll = Math.random();` },
  },
  {
    what: 'chance taken apart',
    rule: 'power',
    files: { 'firmware-sim/world/probe.ts': `const { random } = Math;` },
  },
  {
    what: 'chance from the crypto module',
    rule: 'power',
    files: { 'cloud/ingest/delivery/probe.ts': `import { randomUUID } from 'node:crypto';` },
  },
  {
    what: 'chance from the crypto global',
    rule: 'power',
    files: { 'cloud/exceptions/probe.ts': `const id = crypto.randomUUID();` },
  },
  {
    what: 'the environment outside the command line',
    rule: 'power',
    files: { 'cloud/store/probe.ts': `const url = process.env.DATABASE_URL;` },
  },
  {
    what: 'the console',
    rule: 'power',
    files: { 'gateway/app/devices/probe.ts': `console.log('seen');` },
  },
  {
    what: 'a call of the network from the engine',
    rule: 'power',
    files: { 'cloud/coldchain/engine/probe.ts': `await fetch('http://127.0.0.1/');` },
  },
];
