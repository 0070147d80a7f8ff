/** Breaches of who may import whom, and of which packages and built-in modules. */

import type { WallProbe } from './probe.fixture.ts';

export const IMPORT_PROBES: readonly WallProbe[] = [
  {
    what: 'the shared language knows the gateway',
    rule: 'side',
    files: { 'protocol/events/probe.ts': `import type { Driver } from '../../gateway/drivers/driver.ts';` },
  },
  {
    what: 'a test of the gateway knows the cloud',
    rule: 'side',
    files: { 'gateway/app/probe.test.ts': `import { startCloud } from '../../cloud/app/start-cloud.ts';` },
  },
  {
    what: 'the cloud knows the gateway, by a type alone',
    rule: 'side',
    files: { 'cloud/app/probe.ts': `import type { Journal } from '../../gateway/journal/journal.ts';` },
  },
  {
    what: 'the cloud knows the gateway, by a type named in place',
    rule: 'side',
    files: { 'cloud/app/probe.ts': `let journal: import('../../gateway/journal/journal.ts').Journal;` },
  },
  {
    what: 'the gateway loads the cloud when it runs',
    rule: 'side',
    files: { 'gateway/app/probe.ts': `await import('../../cloud/app/start-cloud.ts');` },
  },
  {
    what: 'the gateway starts a worker of the cloud',
    rule: 'side',
    files: {
      'gateway/app/probe.ts': `new Worker(new URL('../../cloud/app/main.ts', import.meta.url));`,
    },
  },
  {
    what: 'the gateway imports whatever fits a pattern',
    rule: 'side',
    files: { 'gateway/app/probe.ts': `import.meta.glob('../../cloud/app/*.ts');` },
  },
  {
    what: 'the gateway imports a file whose name is computed in part',
    rule: 'side',
    files: { 'gateway/app/probe.ts': 'await import(`../../cloud/app/$' + '{name}.ts`);' },
  },
  {
    what: 'the gateway passes on what the cloud exports',
    rule: 'side',
    files: { 'gateway/app/probe.ts': `export * from '../../cloud/app/config.ts';` },
  },
  {
    what: 'sensing imports the journal',
    rule: 'room',
    files: { 'gateway/sensing/portal/probe.ts': `import type { Journal } from '../../journal/journal.ts';` },
    says: 'gateway/sensing/portal may not import gateway/journal/journal.ts',
  },
  {
    what: 'sensing imports a driver',
    rule: 'room',
    files: { 'gateway/sensing/probe.ts': `import type { Driver } from '../drivers/driver.ts';` },
  },
  {
    what: 'one driver imports another',
    rule: 'room',
    files: { 'gateway/drivers/mt-sics/probe.ts': `import '../modbus-rtu/modbus-rtu.ts';` },
  },
  {
    what: 'a driver imports the registry that lists it',
    rule: 'room',
    files: { 'gateway/drivers/mt-sics/probe.ts': `import { findDriver } from '../registry.ts';` },
  },
  {
    what: 'an adapter imports the wiring',
    rule: 'room',
    files: { 'gateway/uplink/mqtt/probe.ts': `import { startGateway } from '../../app/start-gateway.ts';` },
  },
  {
    what: 'a transport imports the journal',
    rule: 'room',
    files: { 'gateway/transports/probe.ts': `import type { Journal } from '../journal/journal.ts';` },
  },
  {
    what: 'the store imports what stands on it',
    rule: 'room',
    files: { 'cloud/store/probe.ts': `import { raiseExceptions } from '../exceptions/raise.ts';` },
  },
  {
    what: 'inventory imports the cold chain',
    rule: 'room',
    files: { 'cloud/inventory/probe.ts': `import '../coldchain/rules/rules.ts';` },
  },
  {
    what: 'an intake imports the ingest',
    rule: 'room',
    files: { 'cloud/intake/mqtt/probe.ts': `import '../../ingest/ingest.ts';` },
  },
  {
    what: 'the page imports what lies behind the API',
    rule: 'room',
    files: { 'cloud/web/probe.tsx': `import type { Tables } from '../store/tables.ts';` },
  },
  {
    what: 'a simulated device imports the gateway’s driver of it',
    rule: 'room',
    files: {
      'firmware-sim/devices/probe.ts': `import type { Driver } from '../../gateway/drivers/driver.ts';`,
    },
  },
  {
    what: 'the world imports the runner of scenarios',
    rule: 'room',
    files: { 'firmware-sim/world/probe.ts': `import { scoreLedger } from '../app/score.ts';` },
  },
  {
    what: 'a folder that the table does not know',
    rule: 'no-room',
    files: { 'protocol/utils/probe.ts': `` },
  },
  {
    what: 'a serial port in the wiring',
    rule: 'package',
    files: { 'gateway/app/devices/probe.ts': `import { SerialPort } from 'serialport';` },
    says: 'leave it to gateway/transports',
  },
  {
    what: 'MQTT in the forwarder',
    rule: 'package',
    files: { 'gateway/uplink/forwarder/probe.ts': `import { connect } from 'mqtt';` },
  },
  {
    what: 'a broker in the API',
    rule: 'package',
    files: { 'cloud/api/probe.ts': `import { Aedes } from 'aedes';` },
  },
  {
    what: 'PostgreSQL beside the store',
    rule: 'package',
    files: { 'cloud/ingest/probe.ts': `import type { Pool } from 'pg';` },
  },
  {
    what: 'PGlite beside the store',
    rule: 'package',
    files: { 'cloud/app/probe.ts': `import { PGlite } from '@electric-sql/pglite';` },
  },
  {
    what: 'SQLite beside the journal',
    rule: 'package',
    files: { 'gateway/app/probe.ts': `const sqlite = await import('better-sqlite3');` },
  },
  {
    what: 'NATS beside its intake',
    rule: 'package',
    files: { 'cloud/intake/mqtt/probe.ts': `import { jetstream } from '@nats-io/jetstream';` },
  },
  {
    what: 'AWS beside its adapters',
    rule: 'package',
    files: { 'cloud/fleet/probe.ts': `import { SQSClient } from '@aws-sdk/client-sqs';` },
  },
  {
    what: 'a file in sensing',
    rule: 'builtin',
    files: { 'gateway/sensing/probe.ts': `import { readFileSync } from 'node:fs';` },
  },
  {
    what: 'a built-in module without its prefix',
    rule: 'builtin',
    files: { 'gateway/drivers/llrp/probe.ts': `import { connect } from 'net';` },
  },
];
