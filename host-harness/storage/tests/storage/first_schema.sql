-- What a program of schema version 1 wrote, as its file says: some rows of a small organisation, one of them sealed with a key
-- of 32 bytes 1. Never edited: files of this layout are in use.
PRAGMA journal_mode = WAL;
CREATE TABLE storage_number (name TEXT PRIMARY KEY, number BIGINT NOT NULL);
CREATE TABLE storage_scope (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, element TEXT NOT NULL, items BIGINT NOT NULL, bytes BIGINT NOT NULL, last_version BIGINT NOT NULL, UNIQUE (tenant, element));
CREATE TABLE storage_entry (scope BIGINT NOT NULL, key TEXT COLLATE BINARY NOT NULL, version BIGINT NOT NULL, expires_at_ms BIGINT, bytes BIGINT NOT NULL, sealed SMALLINT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, key));
CREATE INDEX storage_entry_expiry ON storage_entry (scope, expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE TABLE storage_deleted_scope (id BIGINT PRIMARY KEY);
INSERT INTO storage_number VALUES ('schema', 1);
INSERT INTO storage_number VALUES ('version-floor', 0);
INSERT INTO storage_scope VALUES (2, 'default', 'small', 4, 849, 151);
INSERT INTO storage_entry VALUES (2, 'directory/d/2', 52, NULL, 157, 0, '{"read_at":1795978276546,"department":{"id":"2","name":"研发中心","name_en":"R&D","parent_id":"1","order":100000000,"leaders":["ZhangSan"]}}');
INSERT INTO storage_entry VALUES (2, 'directory/d/21', 56, NULL, 157, 0, '{"read_at":1795978276546,"department":{"id":"21","name":"平台组","name_en":"Platform","parent_id":"2","order":100000000,"leaders":["lisi"]}}');
INSERT INTO storage_entry VALUES (2, 'directory/f/00000000000000000001', 53, 1798570276585, 241, 0, '{"seq":1,"at":1795978276584,"kind":"department-added","id":"2","subject":{"department":{"department":{"id":"2","name":"研发中心","name_en":"R&D","parent_id":"1","order":100000000,"leaders":["ZhangSan"]}}}}');
INSERT INTO storage_entry VALUES (2, 'token/59f9edbc4886acab085a11f19126405f', 6, 1795985176556, 294, 1, 'x1:BuuWU8UbcI5ozmlk4BK/oNrxDfFnfJGDBbEVBpNmZo/V6HVa9/G83+L3M3Ps7cmWOTkwjY14/oGitRagZOJ58eUS2/Syfq/1Gtt2ld/SpBSwWb2V0nT4b8N7z40Arb6vzAMl6tVVAVPBm8gHHi6XtLcCtButPXyV8kYG2uTPFiKnmhBugc2bo+K4LDLRbmrYo67EfvFYLzamowqjWHCLv5QYtNTm7io2SxuQbSrGuEvj30GcRPAh1T1CXSz2BsbTbkQzedwjZ+lJl1zm+4LN9f8jHXVUctgkADEMH3e1yGXqX4ruytrwwxOgaU0tBvPwzikJ/zAU+6Tv+cqZxrV7QxK8HL0DFE2i50kvV11ShTAI0EL4h4yatT1Ts4uXUq1UtolbBtkpj2g');
