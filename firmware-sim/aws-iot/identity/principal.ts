/** Who speaks: the account itself (an access key), or a device (its certificate, or what it was traded for). */
import { isAllowed, type Policy } from './policy.ts';

export type Principal =
  | { readonly kind: 'account' }
  | { readonly kind: 'device'; readonly thing: string; readonly policy: Policy };

export const ACCOUNT: Principal = { kind: 'account' };

/** `resource` is what stands after `arn:aws:iot:<region>:<account>:`, e.g. `topic/a/b`. */
interface PolicyRequest {
  readonly action: string;
  readonly resource: string;
  readonly clientId?: string | undefined;
}

export interface Place {
  readonly region: string;
  readonly account: string;
}

/** The account may do everything, a device what its policy says. */
export function mayDo(principal: Principal, { region, account }: Place, request: PolicyRequest): boolean {
  if (principal.kind === 'account') return true;
  const { thing, policy } = principal;
  const arn = `arn:aws:iot:${region}:${account}:${request.resource}`;
  const { clientId } = request;
  return isAllowed(policy, request.action, arn, { thing, ...(clientId !== undefined && { clientId }) });
}
