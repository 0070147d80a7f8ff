/** Tokens, invitations and certificates of gateways. */
import type { Generated } from 'kysely';

interface GatewayTokensTable {
  id: Generated<number>;
  token_hash: string;
  gateway: string;
  issued_at: number;
  first_used_at: number | null;
  ended_at: number | null;
  end_reason: 'superseded' | 'revoked' | null;
}

interface InvitationsTable {
  gateway: string;
  code_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

interface CertificatesTable {
  serial: string;
  gateway: string;
  token_id: number;
  fingerprint: string;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
  revoke_reason: 'superseded' | 'revoked' | null;
}

export interface EnrolmentTables {
  gateway_tokens: GatewayTokensTable;
  invitations: InvitationsTable;
  certificates: CertificatesTable;
}
