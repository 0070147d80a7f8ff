/** People and programs that use the API. */

interface UsersTable {
  name: string;
  role: string;
  token_hash: string;
  created_at: number;
  revoked_at: number | null;
}

export interface AccessTables {
  users: UsersTable;
}
