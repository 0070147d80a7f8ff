import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CloudConfig, ConfigError, type Environment, loadCloudConfig } from './config.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function load(text: string, environment: Environment = {}): CloudConfig {
  const file = join(folder, 'cloud.yaml');
  writeFileSync(file, text);
  return loadCloudConfig(file, environment);
}

function problemsOf(text: string, environment: Environment = {}): readonly string[] {
  try {
    load(text, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const SITE = `site:
  name: Dock
  locations: [{ id: cold-1, name: Cold room, kind: cold-room }]
`;
const RULE = `  rules:
    - id: cold
      version: 1
      name: Keep cold
      locations: [cold-1]
      metric: temperature
      comparator: above
      onDelayMs: 0
`;

const wrong: [title: string, text: string, problem: string | RegExp][] = [
  [
    'a limit with a unit',
    `${SITE}${RULE}      limitMilli: 8C\n`,
    /^cloud\.yaml:\d+: site\.rules\[0\]\.limitMilli: .*(int|number).*, got "8C"$/,
  ],
  ['a typing error', `htpp: {}\n${SITE}`, /^cloud\.yaml:1: htpp: there is no such setting/],
  [
    'a typing error deep inside',
    `${SITE}${RULE}      limitMilli: 8000\n      onDelay: 3\n`,
    /^cloud\.yaml:13: site\.rules\[0\]\.onDelay: there is no such setting/,
  ],
  ['no site', 'http: { port: 1 }\n', /^cloud\.yaml.*: site: /],
  [
    'a port out of range',
    `http: { port: 70000 }\n${SITE}`,
    /^cloud\.yaml:1: http\.port: .*65535.*, got 70000$/,
  ],
  [
    'no intake',
    `intake: { https: false }\n${SITE}`,
    'cloud.yaml:1: intake: expected at least one of embedded, mqtt, jetstream, aws, https',
  ],
  [
    'two databases',
    `database: { url: "postgres://h/d", dataDir: x }\n${SITE}`,
    'cloud.yaml:1: database: expected one of url, urlFile, dataDir',
  ],
  [
    'a database of another kind',
    `database: { url: "mysql://h/d" }\n${SITE}`,
    /^cloud\.yaml:1: database\.url: expected a PostgreSQL address/,
  ],
  [
    'a broker that is none',
    `intake: { mqtt: { url: "http://b" } }\n${SITE}`,
    /^cloud\.yaml:1: intake\.mqtt\.url: expected a broker address/,
  ],
  [
    'a rule for a place that is not there',
    `${SITE}${RULE.replace('[cold-1]', '[cold-1, cold-2]')}      limitMilli: 8000\n`,
    /^cloud\.yaml:\d+: site\.rules\[0\]\.locations\[1\]: expected the id of one of site\.locations, got "cold-2"$/,
  ],
  [
    'a door to nowhere',
    `${SITE}  doors: [{ readPoint: dock-1, name: Dock, inside: hall }]\n`,
    /site\.doors\[0\]\.inside: expected the id of one of site\.locations, got "hall"$/,
  ],
  [
    'one read point twice',
    `${SITE}  probes: [{ readPoint: p, name: A, location: cold-1 }, { readPoint: p, name: B, location: cold-1 }]\n`,
    /site\.probes\[1\]\.readPoint: expected a read point that nothing else has, got "p"$/,
  ],
  [
    'a place named like the outside',
    'site: { name: D, locations: [{ id: customer, name: C, kind: yard }] }\n',
    /site\.locations\[0\]\.id: expected another name: customer is the outside world/,
  ],
  [
    'a gateway id in capitals',
    `gateways: [{ id: DOCK, tokenFile: t }]\n${SITE}`,
    /^cloud\.yaml:1: gateways\[0\]\.id: expected lower-case letters.*, got "DOCK"$/,
  ],
  ['broken YAML', 'site: [\n', /^cloud\.yaml:\d+:\d+: /],
];

describe('a wrong cloud.yaml', () => {
  it.each(wrong)(
    'with %s is refused with file, line, path and what was expected',
    (_title, text, problem) => {
      const problems = problemsOf(text);
      expect(problems).toContainEqual(expect.stringMatching(problem));
    },
  );

  it('that is not there is named, with what to do', () => {
    const missing = join(folder, 'missing.yaml');
    expect(() => loadCloudConfig(missing, {})).toThrow(
      `cannot read the configuration ${missing} (ENOENT): see cloud.example.yaml`,
    );
  });
});

describe('a right cloud.yaml', () => {
  it('needs only the site: loopback, an embedded database and an embedded broker', () => {
    expect(load(SITE)).toMatchObject({
      http: { host: '127.0.0.1', port: 8080 },
      database: { dataDir: join(folder, 'data/cloud') },
      intake: { embedded: { host: '127.0.0.1', port: 1883 }, https: {} },
      site: { name: 'Dock', sensorSilentAfterMs: 900_000 },
    });
  });

  it('is the sample at the root of the repository', () => {
    const sample = fileURLToPath(new URL('../../cloud.example.yaml', import.meta.url));
    expect(loadCloudConfig(sample, {}).site.rules).toHaveLength(1);
  });

  it('may have several intakes, HTTPS beside any unless it says no, or HTTPS alone', () => {
    expect(load(`intake: { embedded: {}, mqtt: { url: "mqtt://b" } }\n${SITE}`).intake).toMatchObject({
      embedded: { port: 1883 },
      mqtt: { url: 'mqtt://b' },
      https: {},
    });
    expect(load(`intake: { mqtt: { url: "mqtt://b" }, https: false }\n${SITE}`).intake).toEqual({
      mqtt: { url: 'mqtt://b' },
      https: false,
    });
    expect(load(`intake: { https: {} }\n${SITE}`).intake).toEqual({ https: { requestsPerMinute: 6000 } });
    expect(load(`intake: { jetstream: { url: "nats://b:4222" } }\n${SITE}`).intake).toMatchObject({
      jetstream: { stream: 'TALLYPORT', durable: 'cloud', replicas: 1 },
    });
  });

  it('takes relative paths from its own folder', () => {
    const config = load(
      `http: { sessionKeyFile: keys/session, tls: { certFile: c.pem, keyFile: /abs/k.pem } }
intake: { mqtt: { url: "mqtts://b", passwordFile: secret } }
gateways: [{ id: dock, tokenFile: dock.token }]
shipmentsFile: asn.csv
${SITE}`,
    );
    expect(config).toMatchObject({
      http: {
        sessionKeyFile: join(folder, 'keys/session'),
        tls: { certFile: join(folder, 'c.pem'), keyFile: '/abs/k.pem' },
      },
      intake: { mqtt: { passwordFile: join(folder, 'secret') } },
      gateways: [{ id: 'dock', tokenFile: join(folder, 'dock.token') }],
      shipmentsFile: join(folder, 'asn.csv'),
    });
  });
});

describe('the environment', () => {
  it('stands before the file', () => {
    const config = load(
      `database: { dataDir: x }\nintake: { mqtt: { url: "mqtt://file", username: me } }\n${SITE}`,
      {
        DATABASE_URL: 'postgres://server/db',
        TALLYPORT_BROKER_URL: 'mqtts://other:8883',
      },
    );
    expect(config.database).toEqual({ url: 'postgres://server/db' });
    expect(config.intake).toMatchObject({ mqtt: { url: 'mqtts://other:8883', username: 'me' } });
    expect(
      load(`intake: { embedded: {} }\n${SITE}`, { TALLYPORT_BROKER_URL: 'mqtt://other' }).intake,
    ).toEqual({ mqtt: { url: 'mqtt://other' }, https: { requestsPerMinute: 6000 } });
  });

  it('is checked like the file, and its empty values are none', () => {
    expect(problemsOf(SITE, { DATABASE_URL: 'mysql://x' })).toEqual([
      expect.stringMatching(/^environment: DATABASE_URL: expected a PostgreSQL address/),
    ]);
    expect(load(SITE, { DATABASE_URL: '', TALLYPORT_BROKER_URL: '' }).intake).toHaveProperty('embedded');
  });
});
