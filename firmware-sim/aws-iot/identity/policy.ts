/**
 * AWS IoT policies, the subset a device needs: Allow and Deny statements, actions and resources with `*` and `?`,
 * and the variables of the connection. A policy that works here is the JSON to attach in AWS; anything that this
 * file does not know (conditions, other variables) is refused when it is read, never ignored.
 */
import * as z from 'zod';

const list = z.union([z.string().transform((one) => [one]), z.array(z.string()).min(1)]);

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: list,
  Resource: list,
});

export const policySchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.union([statementSchema.transform((one) => [one]), z.array(statementSchema).min(1)]),
});
export type PolicyDocument = z.input<typeof policySchema>;
export type Policy = z.output<typeof policySchema>;

/** What a policy's variables stand for. */
interface PolicyContext {
  readonly thing: string;
  readonly clientId?: string;
}

/** A policy that the stand-in cannot judge by. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

const VARIABLES: Record<string, (context: PolicyContext) => string | undefined> = {
  'iot:Connection.Thing.ThingName': ({ thing }) => thing,
  'credentials-iot:ThingName': ({ thing }) => thing,
  'iot:ClientId': ({ clientId }) => clientId,
};

/** Reads a policy document; throws with the place of what is not understood. */
export function readPolicy(document: unknown): Policy {
  const parsed = policySchema.safeParse(document);
  if (!parsed.success) throw new PolicyError(`policy: ${z.prettifyError(parsed.error)}`);
  for (const { Resource, Action } of parsed.data.Statement) {
    for (const text of [...Resource, ...Action]) {
      for (const [, name] of text.matchAll(/\$\{([^}]*)\}/g)) {
        if (name !== undefined && !Object.hasOwn(VARIABLES, name)) {
          throw new PolicyError(
            `policy: the variable \${${name}} is not one of ${Object.keys(VARIABLES).join(', ')}`,
          );
        }
      }
    }
  }
  return parsed.data;
}

/** Deny wins over Allow, and nothing said means no. */
export function isAllowed(policy: Policy, action: string, resource: string, context: PolicyContext): boolean {
  let allowed = false;
  for (const statement of policy.Statement) {
    const concerns =
      statement.Action.some((pattern) => matches(pattern, action)) &&
      statement.Resource.some((pattern) => {
        const filled = fillIn(pattern, context);
        return filled !== undefined && matches(filled, resource);
      });
    if (concerns && statement.Effect === 'Deny') return false;
    allowed ||= concerns;
  }
  return allowed;
}

/** A statement whose variable stands for nothing concerns nobody. */
function fillIn(pattern: string, context: PolicyContext): string | undefined {
  let known = true;
  const filled = pattern.replace(/\$\{([^}]*)\}/g, (_whole, name: string) => {
    const value = VARIABLES[name]?.(context);
    known &&= value !== undefined;
    return value ?? '';
  });
  return known ? filled : undefined;
}

/** `*` stands for any run of characters, slashes too, `?` for one. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .split('')
    .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[\\^$.|+()[\]{}]/g, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`, 's').test(text);
}

const arn = (resource: string) => `arn:aws:iot:*:*:${resource}`;
const THING = `\${iot:Connection.Thing.ThingName}`;

/**
 * What a gateway needs and no more: its own client id, its own topics (plain and through any rule), its acks, its
 * own shadows. The same document confines its temporary credentials.
 */
export const GATEWAY_POLICY: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'iot:Connect', Resource: arn(`client/${THING}`) },
    {
      Effect: 'Allow',
      Action: ['iot:Publish', 'iot:RetainPublish'],
      Resource: [
        arn(`topic/tallyport/v1/${THING}/up/*`),
        arn(`topic/tallyport/v1/${THING}/state`),
        arn(`topic/$aws/rules/*/tallyport/v1/${THING}/up/*`),
        arn(`topic/$aws/things/${THING}/shadow/*`),
      ],
    },
    {
      Effect: 'Allow',
      Action: 'iot:Subscribe',
      Resource: [
        arn(`topicfilter/tallyport/v1/${THING}/ack`),
        arn(`topicfilter/$aws/things/${THING}/shadow/*`),
      ],
    },
    {
      Effect: 'Allow',
      Action: 'iot:Receive',
      Resource: [
        arn(`topic/tallyport/v1/${THING}/ack`),
        arn(`topic/tallyport/v1/${THING}/command`),
        arn(`topic/$aws/things/${THING}/shadow/*`),
      ],
    },
    {
      Effect: 'Allow',
      Action: ['iot:GetThingShadow', 'iot:UpdateThingShadow'],
      Resource: [arn(`thing/${THING}`), arn(`thing/${THING}/*`)],
    },
  ],
};
