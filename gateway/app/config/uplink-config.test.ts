import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../protocol/config/yaml-config.ts';
import { forwarderOptions } from '../uplink/uplink-from-config.ts';
import { gatewayConfigSchema } from './config.ts';

function parse(uplink: string) {
  return parseConfig(gatewayConfigSchema, `gateway: { id: gw-1 }\n${uplink}`, 'gateway.yaml');
}
const problems = (uplink: string) => {
  const parsed = parse(uplink);
  return parsed.ok ? 'none' : parsed.problems.join('\n');
};

const CERT = 'certFile: c, keyFile: k';
const ENDPOINT = 'endpoint: a-ats.iot.eu-central-1.amazonaws.com';

test.each([
  ['uplink: {}', 'uplink.url: expected an address such as mqtts://broker:8883'],
  [
    `uplink: { url: "mqtt://x", aws: { ${ENDPOINT}, ${CERT} } }`,
    'uplink.aws: expected none: either "url" or "aws"',
  ],
  ['uplink: { url: "ftp://x" }', 'uplink.url: expected an address'],
  ['uplink: { url: "https://x" }', 'uplink.tokenFile: expected a file with the token'],
  ['uplink: { url: "https://x", tokenFile: t, passwordFile: p }', 'uplink.passwordFile: expected none'],
  ['uplink: { url: "https://x", tokenFile: t, username: u }', 'uplink.username: expected none'],
  ['uplink: { url: "mqtt://x", tokenFile: t, passwordFile: p }', 'uplink.tokenFile: expected none'],
  ['uplink: { url: "mqtt://x", proxyFromEnvironment: true }', 'uplink.proxyFromEnvironment: expected none'],
  ['uplink: { url: "mqtts://x", keyFile: k }', 'uplink.certFile: expected the certificate'],
  ['uplink: { url: "http://x", tokenFile: t, caFile: c }', 'uplink.caFile: expected none'],
  [
    'uplink: { url: "https://x", tokenFile: t, fallback: { url: "https://y", tokenFile: t } }',
    'uplink.fallback: expected none: the uplink goes over HTTPS already',
  ],
  ['uplink: { url: "mqtt://x", fallback: { url: "mqtt://y", tokenFile: t } }', 'uplink.fallback.url'],
  ['uplink: { url: "mqtt://x", fallback: { url: "https://y" } }', 'uplink.fallback.tokenFile'],
  [`uplink: { aws: { ${ENDPOINT} } }`, 'uplink.aws.certFile: expected a PEM file'],
  [`uplink: { aws: { endpoint: "https://a", ${CERT} } }`, 'uplink.aws.endpoint: expected a host name'],
  [`uplink: { caFile: c, aws: { ${ENDPOINT}, ${CERT} } }`, 'uplink.caFile: expected none beside "aws"'],
  [`uplink: { aws: { ${ENDPOINT}, ${CERT}, keepaliveSeconds: 1201 } }`, 'uplink.aws.keepaliveSeconds'],
  [
    `uplink: { aws: { ${ENDPOINT}, ${CERT}, rule: "a/b" } }`,
    'uplink.aws.rule: expected the name of an IoT rule',
  ],
  [
    `uplink: { aws: { ${ENDPOINT}, ${CERT}, https: { roleAlias: r } } }`,
    'uplink.aws.https: expected credentialsEndpoint and roleAlias together',
  ],
  [
    `uplink: { aws: { endpoint: iot.example, ${CERT}, https: {} } }`,
    'uplink.aws.region: expected the region',
  ],
  [
    `uplink: { aws: { ${ENDPOINT}, ${CERT}, https: {} }, fallback: { url: "https://y", tokenFile: t } }`,
    'uplink.fallback: expected none: "aws.https" is the fallback already',
  ],
  ['uplink: { url: "mqtt://x", pace: { bytesPerSecond: 10 } }', 'uplink.pace.bytesPerSecond'],
])('%s is refused with its path and what to do', (uplink, expected) => {
  expect(problems(uplink)).toContain(expected);
});

test.each([
  'uplink: { url: "mqtt://x" }',
  'uplink: { url: "mqtts://x", tokenFile: t, protocolVersion: 5, caFile: c }',
  'uplink: { url: "https://x", tokenFile: t, caFile: c, proxyFromEnvironment: true }',
  'uplink: { url: "mqtt://x", fallback: { url: "https://y", tokenFile: t } }',
  `uplink: { aws: { ${ENDPOINT}, ${CERT} } }`,
  `uplink: { aws: { ${ENDPOINT}, https: { use: only } } }`,
  `uplink: { aws: { ${ENDPOINT}, port: 443, ${CERT}, rule: up, https: { credentialsEndpoint: c.example, roleAlias: r } } }`,
  `uplink: { aws: { ${ENDPOINT}, ${CERT} }, fallback: { url: "https://y", tokenFile: t } }`,
])('%s is right', (uplink) => {
  expect(problems(uplink)).toBe('none');
});

test('every variant that the example file shows in comments is right as it stands', () => {
  const file = fileURLToPath(new URL('../../../gateway.example.yaml', import.meta.url));
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^# uplink:\n(?:# {3,}.*\n)+/gm)];
  expect(blocks).toHaveLength(2);
  for (const [block] of blocks) expect(problems(block.replace(/^# /gm, ''))).toBe('none');
  const shown = /^uplink:\n(?: {2}.*\n)+/m.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  expect(problems(shown.replace(/^ {2}# (\w+:.*)$/gm, '  $1'))).toBe('none');
});

test('AWS is paced below its quotas, and what is set goes before', () => {
  const aws = parse(`uplink: { aws: { ${ENDPOINT}, ${CERT} } }`);
  const thin = parse('uplink: { url: "mqtt://x", pace: { bytesPerSecond: 2000 } }');
  if (!aws.ok || !thin.ok) throw new Error('not right');
  const { publishesPerSecond = 0, window = 0 } = forwarderOptions(aws.value);
  // Out, their acks, and a window's acks at once with three ahead of each lane.
  expect(2 * publishesPerSecond + window + 9).toBeLessThan(100);
  expect(forwarderOptions(thin.value)).toMatchObject({ bytesPerSecond: 2000 });
});
