import { describe, expect, it } from 'vitest';
import { type CommandLine, HELP, readCommandLine } from './command-line.ts';
import { ConfigError } from './config.ts';

const config = 'cloud.yaml';
const good: [line: string, expected: CommandLine][] = [
  ['', { command: 'run', config }],
  ['--config other.yaml', { command: 'run', config: 'other.yaml' }],
  ['--help', { command: 'help' }],
  ['user add -h', { command: 'help' }],
  ['migrate', { command: 'migrate', config }],
  ['rebuild --config x.yaml', { command: 'rebuild', config: 'x.yaml' }],
  ['user add mia --role quality', { command: 'user-add', config, name: 'mia', role: 'quality' }],
  ['gateway add dock-1', { command: 'gateway-add', config, id: 'dock-1' }],
  ['gateway invite dock-1', { command: 'gateway-invite', config, id: 'dock-1', hours: 24 }],
  ['gateway invite dock-1 --hours 0.5', { command: 'gateway-invite', config, id: 'dock-1', hours: 0.5 }],
  ['gateway revoke dock-1', { command: 'gateway-revoke', config, id: 'dock-1' }],
  ['gateway crl', { command: 'gateway-crl', config }],
  ['shipments load asn.csv', { command: 'shipments-load', config, file: 'asn.csv' }],
];

const bad: [line: string, problem: RegExp][] = [
  ['--confg x', /Unknown option '--confg'; see .*--help/],
  ['--config', /'--config <value>' argument missing/],
  ['start', /unknown command "start"/],
  ['user', /unknown command "user"/],
  ['user remove mia', /unknown command "user remove"/],
  ['user add', /expected "user add <name> --role <role>"/],
  ['user add mia', /expected --role with one of viewer, operator/],
  ['user add mia --role boss', /expected --role with one of viewer, operator/],
  ['user add mia bob --role admin', /unexpected argument "bob"/],
  ['gateway add Dock', /expected "gateway add <id>"/],
  ['gateway add dock --role admin', /--role goes with "user add"/],
  ['gateway invite', /expected "gateway invite <id>"/],
  ['gateway invite enroll', /"enroll" is a name of ours/],
  ['gateway invite dock --hours 1000', /expected --hours with a number above 0, at most 336/],
  ['gateway invite dock --hours 0', /expected --hours/],
  ['gateway add dock --hours 3', /--hours goes with "gateway invite"/],
  ['gateway crl now', /unexpected argument "now"/],
  ['shipments load', /expected "shipments load <file>"/],
  ['migrate now', /unexpected argument "now"/],
];

const words = (line: string) => line.split(' ').filter((word) => word !== '');

describe('the command line', () => {
  it.each(good)('reads "%s"', (line, expected) => {
    expect(readCommandLine(words(line))).toEqual(expected);
  });

  it.each(bad)('refuses "%s" and says what was expected', (line, problem) => {
    expect(() => readCommandLine(words(line))).toThrow(ConfigError);
    expect(() => readCommandLine(words(line))).toThrow(problem);
  });

  it('has a help text that names every command and fits a terminal', () => {
    for (const name of [
      'migrate',
      'rebuild',
      'user add',
      'gateway add',
      'gateway invite',
      'gateway revoke',
      'gateway crl',
      '--hours',
      'shipments load',
      '--config',
      '--role',
    ]) {
      expect(HELP).toContain(name);
    }
    for (const line of HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });
});
