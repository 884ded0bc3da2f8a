DROP TABLE case_anchors;
DROP FUNCTION case_anchors_are_append_only();
