"""Questions asked of the whole pipeline: which engine, which quantisation, which latent space?

May use every stage; no stage knows of a study.
"""
