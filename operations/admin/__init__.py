"""The manners of the admin API: who may call, how requests are read and answers written."""
