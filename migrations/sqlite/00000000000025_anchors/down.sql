DROP TABLE case_anchors;
