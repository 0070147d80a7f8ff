/**
 * Who may deliver, in full: the tokens of a gateway (a rotation has two for a while), the invitations that turn into
 * an identity, and the certificates that were signed for gateways. Tokens that have ended stay for a while, so that
 * somebody who goes on using one is recognised.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table gateway_tokens (
    -- a later issue has a larger id
    id bigint generated always as identity primary key,
    token_hash text not null unique,
    gateway text collate "C" not null references gateways (id) on delete cascade,
    issued_at bigint not null,
    -- its first use ends all that were issued before it
    first_used_at bigint,
    ended_at bigint,
    -- superseded | revoked
    end_reason text
  )`,
  `create index gateway_tokens_by_gateway on gateway_tokens (gateway, id)`,
  `insert into gateway_tokens (token_hash, gateway, issued_at, first_used_at)
    select token_hash, id, created_at, created_at from gateways where token_hash is not null`,
  `alter table gateways drop column token_hash`,
  // one for each gateway; a used one stays until the next, so that a second use is distinguished from a wrong code
  `create table invitations (
    gateway text collate "C" primary key,
    code_hash text not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    used_at bigint
  )`,
  `create table certificates (
    -- lower-case hex
    serial text collate "C" primary key,
    gateway text collate "C" not null references gateways (id) on delete cascade,
    -- the issue it came with
    token_id bigint not null,
    -- of the DER, SHA-256, lower-case hex
    fingerprint text not null,
    issued_at bigint not null,
    expires_at bigint not null,
    revoked_at bigint,
    -- superseded | revoked
    revoke_reason text
  )`,
  `create index certificates_by_gateway on certificates (gateway, issued_at)`,
  `create index certificates_revoked on certificates (expires_at) where revoked_at is not null`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
