import { describe, expect, it } from 'vitest';
import { GATEWAY_POLICY, isAllowed, readPolicy } from './policy.ts';

const ARN = 'arn:aws:iot:eu-central-1:000000000000:';
const gateway = readPolicy(GATEWAY_POLICY);
const may = (action: string, resource: string, thing = 'dock-1') =>
  isAllowed(gateway, `iot:${action}`, ARN + resource, { thing });

describe('the policy of a gateway', () => {
  it.each([
    ['Connect', 'client/dock-1', true],
    ['Connect', 'client/dock-2', false],
    ['Publish', 'topic/tallyport/v1/dock-1/up/stock', true],
    ['Publish', 'topic/$aws/rules/any/tallyport/v1/dock-1/up/stock', true],
    ['Publish', 'topic/tallyport/v1/dock-2/up/stock', false],
    ['Publish', 'topic/$aws/rules/any/tallyport/v1/dock-2/up/stock', false],
    ['Publish', 'topic/tallyport/v1/dock-1/ack', false],
    ['Subscribe', 'topicfilter/tallyport/v1/dock-1/ack', true],
    ['Subscribe', 'topicfilter/tallyport/v1/+/ack', false],
    ['Subscribe', 'topicfilter/#', false],
    ['Receive', 'topic/tallyport/v1/dock-2/ack', false],
    ['GetThingShadow', 'thing/dock-1/config', true],
    ['GetThingShadow', 'thing/dock-10/config', false],
    ['DeleteThingShadow', 'thing/dock-1/config', false],
  ])('%s on %s: %s', (action, resource, allowed) => {
    expect(may(action, resource)).toBe(allowed);
  });

  it('does not let a thing name with wildcards reach further', () => {
    expect(may('Connect', 'client/other', '.*')).toBe(false);
  });
});

describe('statements', () => {
  const read = (...statements: object[]) => readPolicy({ Version: '2012-10-17', Statement: statements });

  it('let Deny win over Allow, in any order', () => {
    const allow = { Effect: 'Allow', Action: 'iot:*', Resource: '*' };
    const deny = { Effect: 'Deny', Action: 'iot:Publish', Resource: `${ARN}topic/secret?` };
    for (const policy of [read(allow, deny), read(deny, allow)]) {
      expect(isAllowed(policy, 'iot:Publish', `${ARN}topic/secret1`, { thing: 'x' })).toBe(false);
      expect(isAllowed(policy, 'iot:Publish', `${ARN}topic/secret`, { thing: 'x' })).toBe(true);
    }
  });

  it('with what is not known here are refused, not ignored', () => {
    const allow = { Effect: 'Allow', Action: 'iot:*', Resource: '*' };
    expect(() => read({ ...allow, Condition: { Bool: {} } })).toThrow(/Condition/);
    expect(() => read({ ...allow, Resource: `\${iot:Certificate.Subject.CommonName}` })).toThrow(/variable/);
  });

  it('whose variable stands for nothing concern nobody', () => {
    const own = read({ Effect: 'Allow', Action: 'iot:Publish', Resource: `topic/\${iot:ClientId}/*` });
    expect(isAllowed(own, 'iot:Publish', 'topic//x', { thing: 'x' })).toBe(false);
    expect(isAllowed(own, 'iot:Publish', 'topic/c/x', { thing: 'x', clientId: 'c' })).toBe(true);
  });
});
