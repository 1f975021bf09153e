"""`bierl pretrain`: a meta-level's generator trained on cheap problems or an easy task, into a file for warm starts."""
