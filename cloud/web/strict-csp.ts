/**
 * Imported before everything else: the page's content security policy forbids generating code, and zod would try
 * it once while its first schema is made, which browsers report as a violation.
 */
import * as z from 'zod';

z.config({ jitless: true });
