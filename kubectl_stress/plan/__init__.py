"""What is asked, decided and predicted before anything is done. Pure."""
