\set id random(1, :cases)
BEGIN;
SELECT bureau, stage, version FROM request WHERE id = :id \gset
SELECT seq, encode(hash, 'hex') AS hash FROM event WHERE request_id = :id ORDER BY seq DESC LIMIT 1 \gset
UPDATE request SET stage = (:stage + 1) % 9, version = version + 1, updated_at = now() WHERE id = :id AND version = :version;
INSERT INTO event (request_id, seq, bureau, kind, stage_before, stage_after, actor, body, prev_hash, hash)
  VALUES (:id, :seq + 1, :bureau, 2, :stage, (:stage + 1) % 9, 7, '{"note": "x"}', decode(:hash::text, 'hex'),
          sha256(decode(:hash::text, 'hex') || int8send(:id))) ON CONFLICT DO NOTHING;
INSERT INTO mail (once, body) VALUES (:id::text || '/' || (:seq + 1)::text, '{"to": "a@b.cn", "text": "changed"}') ON CONFLICT DO NOTHING;
COMMIT;
