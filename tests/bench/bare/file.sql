\set bureau random(1, 100)
BEGIN;
INSERT INTO series AS s (bureau, year, last) VALUES (:bureau, 2026, 1)
  ON CONFLICT (bureau, year) DO UPDATE SET last = s.last + 1 RETURNING last AS number \gset
INSERT INTO request (bureau, number, subject, stage, version, title, applicant, identity_sealed, identity_index, handler,
                     received_at, due_at, created_at, updated_at)
  VALUES (:bureau, 'N-' || :bureau::text || '-' || :number::text, 3, 0, 1, '关于某地块征收批复的申请', '申请人甲', decode(repeat('00', 48), 'hex'),
          sha256('x'), :bureau * 50, now(), now() + interval '20 days', now(), now()) RETURNING id AS request \gset
INSERT INTO event (request_id, seq, bureau, kind, stage_after, actor, body, prev_hash, hash)
  VALUES (:request, 1, :bureau, 1, 0, 7, '{"note": "x"}', '', sha256(int8send(:request)));
INSERT INTO mail (once, body) VALUES (:request::text || '/1', '{"to": "a@b.cn", "text": "received"}');
INSERT INTO reminder (request_id, bureau, kind, remind_at) VALUES
  (:request, :bureau, 0, now() + interval '15 days'), (:request, :bureau, 1, now() + interval '19 days'),
  (:request, :bureau, 2, now() + interval '20 days');
COMMIT;
