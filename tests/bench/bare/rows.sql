-- :cases requests to a hundred bureaus in five years, a tenth of them open and half of those overdue, with the first event
-- of each. The same every time but for the day.
INSERT INTO request (bureau, number, subject, stage, version, title, applicant, identity_sealed, identity_index, handler,
                     received_at, due_at, closed_at, outcome, created_at, updated_at)
SELECT bureau, bureau || '-' || n, n % 12, CASE WHEN is_open THEN n % 5 ELSE 9 END, 1, '关于某地块征收批复的申请，编号' || n,
       '申请人' || n % 50000, decode(repeat(md5(n::text), 3), 'hex'), sha256((n % 50000)::text::bytea), bureau * 50 + n % 40,
       received, received + interval '20 days', CASE WHEN NOT is_open THEN received + interval '15 days' END,
       CASE WHEN NOT is_open THEN n % 8 END, received, received
FROM (SELECT n, is_open, 1 + abs(hashint8(n)) % 100 AS bureau,
             now() - abs(hashint8(n + 1000000000)) % CASE WHEN is_open THEN 40 * 1440 ELSE 1800 * 1440 END * interval '1 minute'
               - CASE WHEN is_open THEN interval '0' ELSE interval '30 days' END AS received
      FROM (SELECT n, abs(hashint8(n + 2000000000)) % 10 = 0 AS is_open FROM generate_series(1::bigint, :cases) n) numbers) made;

INSERT INTO event (request_id, seq, bureau, kind, stage_after, actor, recorded_at, body, prev_hash, hash)
SELECT id, 1, bureau, 1, stage, handler, created_at, '{"note": "x"}', '', sha256(int8send(id)) FROM request;

CREATE UNIQUE INDEX request_number ON request (bureau, number);
CREATE INDEX request_open_due ON request (bureau, due_at, id) WHERE closed_at IS NULL;
CREATE INDEX request_page ON request (bureau, created_at DESC, id DESC);
CREATE INDEX request_applicant ON request (bureau, identity_index);
CREATE INDEX request_of_handler ON request (handler, due_at, id) WHERE closed_at IS NULL;
VACUUM ANALYZE request, event;
